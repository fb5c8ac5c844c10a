import type { JSX } from "preact";
import type { Requests } from "../requests.ts";
import { onStage, type State } from "../state.ts";
import { Icon } from "./icon.tsx";

/** What one does oneself: speak, ask to speak, go. */
export function Dock(props: { state: State; requests: Requests; onLeave(): void }): JSX.Element {
  const { state, requests, onLeave } = props;
  return (
    <div class="dock" role="toolbar" aria-label="Your controls">
      {onStage(state) ? (
        <OnStage state={state} requests={requests} />
      ) : (
        <button
          type="button"
          class={`dock-button ${state.handRaised ? "active" : "primary"}`}
          aria-keyshortcuts="H"
          onClick={() => void (state.handRaised ? requests.lowerHand() : requests.raiseHand())}
        >
          <Icon name="hand" />
          {state.handRaised ? "Lower hand" : "Raise hand"}
        </button>
      )}
      <button type="button" class="dock-button leave" onClick={onLeave}>
        <Icon name="leave" />
        Leave
      </button>
    </div>
  );
}

function OnStage({ state, requests }: { state: State; requests: Requests }): JSX.Element {
  const { microphone } = state;
  const isLive = microphone === "live";
  const label = { off: "Unmute", starting: "Opening…", live: "Mute", muted: "Unmute", failed: "Try again" };
  return (
    <>
      <button
        type="button"
        class={`dock-button mic ${isLive ? "live" : "primary"}`}
        aria-keyshortcuts="M"
        aria-disabled={microphone === "starting"}
        onClick={() => {
          if (microphone !== "starting") void (isLive ? requests.mute() : requests.unmute());
        }}
      >
        <Icon name={isLive ? "mic" : "micOff"} />
        {label[microphone]}
      </button>
      {state.me?.role === "host" ? null : (
        <button type="button" class="dock-button" onClick={() => void requests.stepDown()}>
          <Icon name="down" />
          Step down
        </button>
      )}
    </>
  );
}
