// A part of a page that asks the API itself, so that the rest of the page stays while it waits.
import { Component } from "../ui.js";

const RETRY_MS = 5_000;

/**
 * Props: what (a text: another one asks anew), ask(signal) → Promise, everyMs (0: never again by itself), and as child a
 * function `({data, problem, reload})`. What is known of the same `what` stays while it is asked anew.
 */
export class Asked extends Component {
  state = { data: null, problem: null };

  componentDidMount() {
    this.reload();
  }

  componentDidUpdate(previous) {
    if (previous.what === this.props.what) return;
    this.setState({ data: null, problem: null });
    this.reload();
  }

  componentWillUnmount() {
    this.abort?.abort();
    clearTimeout(this.timer);
  }

  reload = async () => {
    this.abort?.abort();
    clearTimeout(this.timer);
    const abort = (this.abort = new AbortController());
    let restMs = this.props.everyMs;
    try {
      const data = await this.props.ask(abort.signal);
      if (!abort.signal.aborted) this.setState({ data, problem: null });
    } catch (error) {
      if (abort.signal.aborted) return;
      if (error.status === undefined) throw error; // a fault of the page's, not the server's answer
      this.setState({ problem: error });
      // What may get well by itself is asked for again soon; a refusal is not, unless it is asked for anyway.
      if (error.status === 0 || error.status >= 500) restMs = RETRY_MS;
    }
    if (restMs && !abort.signal.aborted) this.#later(restMs);
  };

  /** Nobody looks at a hidden page: it asks when somebody may look again. */
  #later(restMs) {
    this.timer = setTimeout(() => (document.hidden ? this.#later(restMs) : this.reload()), restMs);
  }

  render({ children }, { data, problem }) {
    const draw = Array.isArray(children) ? children[0] : children;
    return draw({ data, problem, reload: this.reload });
  }
}
