import type { JSX } from "preact";
import type { Quality } from "../quality.ts";
import type { Encryption, State } from "../state.ts";
import { roomTitle } from "../text.ts";
import { Icon, QualityBars } from "./icon.tsx";
import { PageHeading } from "./page-heading.tsx";
import type { OpenSheet } from "./open-sheet.ts";

const lit: Readonly<Record<Quality["rating"], number>> = { good: 4, fair: 2, poor: 1, unknown: 0 };
const ratings: Readonly<Record<Quality["rating"], string>> = {
  good: "Good",
  fair: "Fair",
  poor: "Poor",
  unknown: "Measuring",
};

export function RoomHeader(props: { state: State; onOpen(sheet: OpenSheet): void }): JSX.Element {
  const { state, onOpen } = props;
  const { room, encryption } = state;
  const rating = state.quality?.rating ?? "unknown";
  const badge = badgeOf(encryption);
  return (
    <header class="room-header">
      <div class="room-name">
        <PageHeading id="room-title">{roomTitle(room)}</PageHeading>
        {room === null || room.topic === "" ? null : <p class="topic">{room.topic}</p>}
      </div>
      <div class="badges">
        {room?.locked === true ? (
          <span class="chip">
            <Icon name="lock" /> Locked
          </span>
        ) : null}
        {room === null || room.visibility === "public" ? null : (
          <span class="chip">{room.visibility === "private" ? "Private" : "By invitation"}</span>
        )}
        <button
          type="button"
          class={`chip ${badge.tone}`}
          aria-label={badge.label}
          onClick={() => {
            onOpen({ kind: "encryption" });
          }}
        >
          <Icon name={badge.icon} />
          {badge.text}
        </button>
        <button
          type="button"
          class={`chip ${rating}`}
          aria-label={`Connection: ${ratings[rating]}. Show the figures`}
          onClick={() => {
            onOpen({ kind: "quality" });
          }}
        >
          <QualityBars lit={lit[rating]} />
          {ratings[rating]}
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="The room: settings and invitations"
          onClick={() => {
            onOpen({ kind: "room" });
          }}
        >
          <Icon name="gear" />
        </button>
      </div>
    </header>
  );
}

function badgeOf({ generation, safetyNumber, isImpersonated }: Encryption) {
  if (isImpersonated) {
    return {
      tone: "poor",
      icon: "warn",
      text: "Not safe",
      label: "Not safe: show what is wrong with encryption",
    } as const;
  }
  if (generation === null || safetyNumber === null) {
    return {
      tone: "fair",
      icon: "clock",
      text: "Waiting for the key",
      label: "Waiting for the key: show encryption",
    } as const;
  }
  return {
    tone: "good",
    icon: "shield",
    text: "Encrypted",
    label: "Encrypted: show the safety number",
  } as const;
}
