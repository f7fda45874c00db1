// Look and language: both are kept in this browser.
import { chooseLanguage, language, LANGUAGES, t } from "../i18n/index.js";
import { Icon } from "../icons.js";
import { Menu } from "../parts/menu.js";
import { chooseTheme, chosenTheme, onThemeChange, THEMES } from "../theme.js";
import { Component, html } from "../ui.js";

/** The choice of look and language. */
export class LookChoices extends Component {
  componentDidMount() {
    this.endTheme = onThemeChange(() => this.forceUpdate());
  }

  componentWillUnmount() {
    this.endTheme();
  }

  render() {
    const theme = chosenTheme();
    return html`<fieldset>
        <legend>${t.settings.theme}</legend>
        ${THEMES.map(
          (name) =>
            html`<label key=${name}>
              <input type="radio" name="theme" value=${name} checked=${theme === name} onChange=${() => chooseTheme(name)} />
              ${t.settings.themes[name]}
            </label>`,
        )}
      </fieldset>
      <fieldset>
        <legend>${t.settings.language}</legend>
        ${Object.entries(LANGUAGES).map(
          ([tag, name]) =>
            html`<label key=${tag} lang=${tag}>
              <input
                type="radio"
                name="language"
                value=${tag}
                checked=${language === tag}
                onChange=${() => chooseLanguage(tag)}
              />
              ${name}
            </label>`,
        )}
      </fieldset>`;
  }
}

/** A button that opens the choice of look and language, and leads to the staff app of `storeId` (null: none is open). */
export function Settings({ storeId = null }) {
  return html`<${Menu} label=${t.settings.open} icon="look" className="settings">
    <${LookChoices} />
    ${storeId && html`<a class="menu-link" href=${`/staff#store=${encodeURIComponent(storeId)}`}>${t.settings.staffApp}</a>`}
  <//>`;
}
