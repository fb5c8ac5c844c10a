import type { JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { FrameGuard } from "../frame-guard.ts";
import { parseInvitation, type Invitation } from "../invitation.ts";
import { Icon } from "./icon.tsx";
import { Logo } from "./logo.tsx";
import { roleNames } from "./role-names.ts";

/** Before the door: who one is, and where to. */
export function Entry(props: {
  invitation: Invitation | null;
  problem: string | null;
  isJoining: boolean;
  onJoin(invitation: Invitation): void;
}): JSX.Element {
  const { problem, isJoining, onJoin } = props;
  const [invitation, setInvitation] = useState(props.invitation);
  return (
    <main class="door">
      <Logo />
      <section class="card" aria-labelledby="door-title">
        {invitation === null ? (
          <AskForLink onLink={setInvitation} />
        ) : (
          <Invited invitation={invitation} isJoining={isJoining} onJoin={onJoin} />
        )}
        {problem === null ? null : (
          <p class="problem" role="alert">
            <Icon name="warn" /> {problem}
          </p>
        )}
        <Capability />
      </section>
      <p class="fine">
        <Icon name="shield" /> End-to-end encrypted: the server forwards what it cannot hear.
      </p>
    </main>
  );
}

function Invited(props: {
  invitation: Invitation;
  isJoining: boolean;
  onJoin(invitation: Invitation): void;
}): JSX.Element {
  const { invitation, isJoining, onJoin } = props;
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    button.current?.focus();
  }, []);
  return (
    <>
      <h1 id="door-title">Join the room</h1>
      <dl class="facts">
        <div>
          <dt>Room</dt>
          <dd>{invitation.room}</dd>
        </div>
        <div>
          <dt>Name</dt>
          <dd>{invitation.name}</dd>
        </div>
        <div>
          <dt>Role</dt>
          <dd>{roleNames[invitation.role]}</dd>
        </div>
      </dl>
      <button
        ref={button}
        type="button"
        class="primary wide"
        aria-disabled={isJoining}
        onClick={() => {
          if (!isJoining) onJoin(invitation);
        }}
      >
        {isJoining ? "Joining…" : "Join"}
      </button>
      <p class="hint">You come in silent. Your microphone stays closed until you unmute.</p>
    </>
  );
}

function AskForLink(props: { onLink(invitation: Invitation): void }): JSX.Element {
  const [text, setText] = useState("");
  const [isWrong, setIsWrong] = useState(false);
  const field = useId();
  const hint = useId();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const invitation = parseInvitation(text);
        setIsWrong(invitation === null);
        if (invitation !== null) props.onLink(invitation);
      }}
    >
      <h1 id="door-title">Join a room</h1>
      <label for={field}>Invitation link or token</label>
      <input
        id={field}
        type="text"
        autocomplete="off"
        spellcheck={false}
        required
        aria-invalid={isWrong}
        aria-describedby={hint}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
        }}
      />
      <p id={hint} class={isWrong ? "hint wrong" : "hint"} role={isWrong ? "alert" : undefined}>
        {isWrong
          ? "That is no invitation. A link has #token= in it."
          : "Whoever runs the room sends it to you: it says your name, the room and your role."}
      </p>
      <button type="submit" class="primary wide">
        Continue
      </button>
    </form>
  );
}

/** What this browser lacks, if anything. */
function Capability(): JSX.Element | null {
  if (!window.isSecureContext) {
    return (
      <p class="problem" role="alert">
        <Icon name="warn" /> This page came without TLS: the browser gives it no microphone. Open it by https.
      </p>
    );
  }
  if (FrameGuard.isSupported) return null;
  return (
    <p class="problem" role="alert">
      <Icon name="warn" /> This browser cannot encrypt audio (RTCRtpScriptTransform). Use a newer one.
    </p>
  );
}
