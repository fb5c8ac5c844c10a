import { reduce, type Action } from "./reduce.ts";
import { initialState, type State } from "./state.ts";

/** Holds the state, and tells whoever shows it. */
export class Store {
  #state: State = initialState;
  readonly #listeners = new Set<() => void>();

  get state(): State {
    return this.#state;
  }

  dispatch(action: Action): void {
    this.#state = reduce(this.#state, action);
    for (const listener of this.#listeners) listener();
  }

  /** Answers with what ends the subscription. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
