// The first screen: signing in.
import { t } from "../i18n/index.js";
import { Icon, Mark } from "../icons.js";
import { Component, createRef, html } from "../ui.js";
import { Settings } from "./settings.js";

function errorText(error) {
  if (error.status === 0) return t.signIn.unreachable;
  if (error.status === 401) return t.signIn.wrong;
  if (error.status === 429) return t.signIn.tooMany;
  return t.signIn.failed(error.message);
}

/** Props: ended (a session has just ended), onSignIn(userName, password) → Promise. */
export class SignIn extends Component {
  state = { pending: false, shown: false, problem: null, field: null };
  userName = createRef();
  password = createRef();

  componentDidMount() {
    this.userName.current.focus();
  }

  #refuse(field, problem) {
    this.setState({ pending: false, field, problem }, () => {
      (field === "user_name" ? this.userName : this.password).current?.focus();
    });
  }

  onSubmit = async (event) => {
    event.preventDefault();
    if (this.state.pending) return;
    const userName = this.userName.current.value.trim();
    const password = this.password.current.value;
    if (!userName) return this.#refuse("user_name", t.signIn.missingUserName);
    if (!password) return this.#refuse("password", t.signIn.missingPassword);
    this.setState({ pending: true, problem: null, field: null });
    try {
      await this.props.onSignIn(userName, password);
    } catch (error) {
      this.#refuse(error.field ?? "password", errorText(error));
    }
  };

  render({ ended }, { pending, shown, problem, field }) {
    const invalid = (name) => (field === name ? "true" : undefined);
    return html`<main class="sign-in" id="content">
      <form class="sign-in-card" onSubmit=${this.onSubmit} novalidate>
        <div class="sign-in-head"><${Mark} size=${44} /><${Settings} /></div>
        <h1>${t.product}</h1>
        <p class="lead">${ended ? t.signIn.ended : t.signIn.lead}</p>
        <label for="user-name">${t.signIn.userName}</label>
        <input
          id="user-name"
          ref=${this.userName}
          name="user_name"
          autocomplete="username"
          autocapitalize="none"
          spellcheck=${false}
          maxlength="120"
          aria-invalid=${invalid("user_name")}
          aria-describedby=${problem ? "sign-in-problem" : undefined}
        />
        <label for="password">${t.signIn.password}</label>
        <div class="with-button">
          <input
            id="password"
            ref=${this.password}
            name="password"
            type=${shown ? "text" : "password"}
            autocomplete="current-password"
            maxlength="1000"
            aria-invalid=${invalid("password")}
            aria-describedby=${problem ? "sign-in-problem" : undefined}
          />
          <button
            type="button"
            class="quiet"
            aria-label=${shown ? t.signIn.hidePassword : t.signIn.showPassword}
            onClick=${() => this.setState({ shown: !shown })}
          >
            ${shown ? t.signIn.hide : t.signIn.show}
          </button>
        </div>
        <div role="alert" id="sign-in-problem">
          ${problem && html`<p class="problem"><${Icon} name="warning" />${problem}</p>`}
        </div>
        <button type="submit" class="primary wide" aria-disabled=${pending ? "true" : undefined}>
          ${pending ? t.signIn.pending : t.signIn.submit}
        </button>
        <p class="hint">${t.signIn.help}</p>
      </form>
    </main>`;
  }
}
