import { useEffect, useState } from "preact/hooks";
import type { State } from "../state.ts";
import type { Store } from "../store.ts";

/** The state as it is, and again whenever it changes. */
export function useStore(store: Store): State {
  const [state, setState] = useState(store.state);
  useEffect(() => {
    setState(store.state);
    return store.subscribe(() => {
      setState(store.state);
    });
  }, [store]);
  return state;
}
