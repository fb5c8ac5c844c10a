import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Requests } from "../requests.ts";
import { onStage, type State } from "../state.ts";
import { AudiencePanel } from "./audience-panel.tsx";
import { Banners } from "./banners.tsx";
import { Dock } from "./dock.tsx";
import { EncryptionSheet } from "./encryption-sheet.tsx";
import { HandsPanel } from "./hands-panel.tsx";
import { MemberSheet } from "./member-sheet.tsx";
import type { OpenSheet } from "./open-sheet.ts";
import { QualitySheet } from "./quality-sheet.tsx";
import { RoomHeader } from "./room-header.tsx";
import { RoomSheet } from "./room-sheet.tsx";
import { Stage } from "./stage.tsx";

export function Room(props: { state: State; requests: Requests; onLeave(): void }): JSX.Element {
  const { state, requests, onLeave } = props;
  const [sheet, setSheet] = useState<OpenSheet>(null);
  const close = (): void => {
    setSheet(null);
  };
  const openMember = (participantId: string): void => {
    setSheet({ kind: "member", participantId });
  };
  useShortcuts(state, requests, sheet !== null);
  return (
    <div class="room">
      <RoomHeader state={state} onOpen={setSheet} />
      <main class="room-main">
        <Stage state={state} onMember={openMember} />
        <div class="room-side">
          {onStage(state) ? <HandsPanel state={state} requests={requests} /> : null}
          <AudiencePanel state={state} requests={requests} onMember={openMember} />
        </div>
      </main>
      <footer class="room-foot">
        <Banners state={state} requests={requests} />
        <Dock state={state} requests={requests} onLeave={onLeave} />
      </footer>
      {sheet?.kind === "member" ? (
        <MemberSheet
          state={state}
          participantId={sheet.participantId}
          onAct={(act) => {
            close();
            void requests.act(act, sheet.participantId);
          }}
          onClose={close}
        />
      ) : null}
      {sheet?.kind === "room" ? <RoomSheet state={state} requests={requests} onClose={close} /> : null}
      {sheet?.kind === "encryption" ? (
        <EncryptionSheet encryption={state.encryption} onClose={close} />
      ) : null}
      {sheet?.kind === "quality" ? <QualitySheet quality={state.quality} onClose={close} /> : null}
    </div>
  );
}

/** M mutes and unmutes, H raises and lowers the hand; not while one types, and not behind a dialog. */
function useShortcuts(state: State, requests: Requests, isCovered: boolean): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const isTyping =
        event.target instanceof HTMLElement && event.target.closest("input, textarea, select") !== null;
      if (isCovered || isTyping || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      const key = event.key.toLowerCase();
      if (key === "m" && onStage(state) && state.microphone !== "starting")
        void (state.microphone === "live" ? requests.mute() : requests.unmute());
      if (key === "h" && !onStage(state))
        void (state.handRaised ? requests.lowerHand() : requests.raiseHand());
    };
    document.addEventListener("keydown", press);
    return () => {
      document.removeEventListener("keydown", press);
    };
  }, [state, requests, isCovered]);
}
