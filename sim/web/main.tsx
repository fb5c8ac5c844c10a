// Run for what it does, before any schema is made.
// oxlint-disable-next-line import/no-unassigned-import
import "./zod-without-eval.ts";
import { render } from "preact";
import { createClient } from "./client.ts";
import { App } from "./components/app.tsx";
import { exposeDebugSurface } from "./debug-surface.ts";
import { parseInvitation } from "./invitation.ts";
import { Sounds } from "./sounds.ts";
import { Store } from "./store.ts";

const store = new Store();
const sounds = new Sounds();
const client = createClient(store, sounds);
exposeDebugSurface(store, client, sounds);

const invitation = parseInvitation(location.hash);
// The token is good for whoever has it: it is to stay neither in the address bar nor in the history.
if (location.hash !== "") history.replaceState(null, "", location.pathname);

const root = document.querySelector("#app");
if (root !== null) render(<App store={store} client={client} invitation={invitation} />, root);
