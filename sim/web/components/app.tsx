import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type { Invitation } from "../invitation.ts";
import type { RoomClient } from "../room-client.ts";
import type { Store } from "../store.ts";
import { roomTitle } from "../text.ts";
import { Entry } from "./entry.tsx";
import { Lobby } from "./lobby.tsx";
import { Notices } from "./notices.tsx";
import { Over } from "./over.tsx";
import { Room } from "./room.tsx";
import { useStore } from "./use-store.ts";

/** The page: at the door, in the lobby, in the room, or out again. */
export function App(props: { store: Store; client: RoomClient; invitation: Invitation | null }): JSX.Element {
  const { store, client } = props;
  const state = useStore(store);
  const used = useRef(props.invitation);
  const join = (invitation: Invitation): void => {
    used.current = invitation;
    void client.join(invitation);
  };
  const leave = (): void => {
    void client.leave();
  };
  return (
    <>
      {state.phase.kind === "entry" || state.phase.kind === "joining" ? (
        <Entry
          invitation={used.current}
          problem={state.phase.kind === "entry" ? state.phase.problem : null}
          isJoining={state.phase.kind === "joining"}
          onJoin={join}
        />
      ) : null}
      {state.phase.kind === "lobby" ? (
        <Lobby title={roomTitle(state.room)} waiting={state.phase.waiting} onLeave={leave} />
      ) : null}
      {state.phase.kind === "room" ? <Room state={state} requests={client.requests} onLeave={leave} /> : null}
      {state.phase.kind === "over" ? (
        <Over
          reason={state.phase.reason}
          onReturn={
            used.current === null
              ? undefined
              : () => {
                  if (used.current !== null) join(used.current);
                }
          }
        />
      ) : null}
      <Notices
        notices={state.notices}
        onGone={(id) => {
          store.dispatch({ type: "notice-gone", id });
        }}
      />
    </>
  );
}
