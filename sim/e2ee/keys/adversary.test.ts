/** A server that acts. What each of its ways comes to stands in docs/security.md. */
import { describe, expect, test } from "vitest";

import { sameBytes } from "../_bytes.ts";
import { groupMessage } from "./_group-message.ts";
import { Listener, Room, roomId } from "./_room-model.ts";
import type { Carried, Speaker } from "./_room-model.ts";
import { KeyDistributor } from "./key-distributor.ts";
import { KeyMember } from "./key-member.ts";
import { roomMessageKind } from "./room-message.ts";
import { listenerHash, listenersDigest } from "./roster.ts";
import { StageGroup } from "./stage-group.ts";

async function opened(): Promise<{ room: Room; lea: Listener; host: Speaker; ada: Speaker }> {
  const room = new Room();
  room.host = "host";
  const host = await room.addSpeaker("host");
  const ada = await room.addSpeaker("ada");
  const lea = await room.addListener("lea");
  await room.pass(1200);
  return { room, host, ada, lea };
}

function hears(listener: Listener, speaker: Speaker, room: Room): string {
  const frame = speaker.speak(room.nowMs);
  if (frame === null) return "silent";
  const decrypted = listener.decrypt(frame, room.nowMs);
  return decrypted.kind === "ok" ? "ok" : decrypted.cause;
}

describe("a server that reads", () => {
  test("finds no secret in what it carries, and opens none of it", async () => {
    const { room, host, lea } = await opened();
    const secrets = host.secrets.map(({ secret }) => Buffer.from(secret).toString("hex"));
    expect(secrets.length).toBeGreaterThan(0);
    const server = new KeyMember();
    server.joined({ roomId, participantId: "lea" });
    for (const { sealed } of room.carried) {
      const text = Buffer.from(sealed).toString("hex");
      for (const secret of secrets) expect(text).not.toContain(secret);
      expect(server.open(sealed).kind).not.toBe("secret");
    }
    expect(hears(lea, host, room)).toBe("ok");
  });
});

describe("a server that replays, reorders and rolls back", () => {
  test("plays a frame twice: the second is refused as a replay", async () => {
    const { room, host, lea } = await opened();
    const frame = host.speak(room.nowMs) ?? new Uint8Array(0);
    expect(lea.decrypt(frame, room.nowMs).kind).toBe("ok");
    expect(lea.decrypt(frame, room.nowMs)).toMatchObject({ cause: "replay" });
  });

  test("brings a later fresh secret before an earlier one: the earlier is stale, and all goes on", async () => {
    const { room, host, ada, lea } = await opened();
    await room.addListener("lou");
    await room.addListener("liv");
    await room.pass(100);
    const held: Uint8Array[] = [];
    room.meddle = (message) => {
      if (message.to !== "lea" || roomMessageKind(message.sealed) !== "rekey") return [message];
      held.push(message.sealed);
      return [];
    };
    await room.remove("lou");
    await room.pass(6100);
    await room.remove("liv");
    await room.pass(6100);
    expect(held).toHaveLength(2);
    for (const sealed of held.toReversed()) lea.receive(sealed, room.nowMs);
    expect(lea.refused).toEqual(["stale"]);
    expect([hears(lea, host, room), hears(lea, ada, room)]).toEqual(["ok", "ok"]);
  });

  test("brings everything once more: all of it is refused, and nothing changes by it", async () => {
    const { room, host, ada, lea } = await opened();
    await room.addListener("lou");
    await room.pass(100);
    await room.remove("lou");
    await room.pass(6100);
    const before = [hears(lea, host, room), host.generation, ada.generation];
    for (const sealed of [...lea.received]) expect(lea.receive(sealed, room.nowMs).kind).toBe("refused");
    for (const message of [...room.carried]) if (message.to === "ada") await room.deliver(message);
    await room.pass(3000);
    expect([hears(lea, host, room), host.generation, ada.generation]).toEqual(before);
    expect(ada.status?.isImpersonated).toBe(false);
  });

  test("brings speakers' steps late, and again: nobody goes back, and newcomers hear all", async () => {
    const { room, host, ada } = await opened();
    const held: Carried[] = [];
    room.meddle = (message) => {
      if (message.to !== "ada") return [message];
      held.push(message);
      return [];
    };
    const late = await room.addListener("late");
    await room.pass(100);
    // Ada speaks under the step before, which is not for who has come since.
    expect([hears(late, host, room), hears(late, ada, room)]).toEqual(["ok", "unknown-key"]);
    room.meddle = (message) => [message];
    for (const message of [...held, ...held]) await room.deliver(message);
    expect([hears(late, host, room), hears(late, ada, room)]).toEqual(["ok", "ok"]);
    expect(ada.generation).toBe(host.generation);
  });
});

describe("a server that forges", () => {
  test("seals a secret of its own: neither speaker nor listener believes it", async () => {
    const { room, host, ada, lea } = await opened();
    const forger = new KeyDistributor({ roomId, firstGeneration: 512, firstSequence: 1e9 });
    for (const [to, keys] of [
      ["lea", lea.keys],
      ["ada", ada.keys],
    ] as const) {
      const outcome = forger.welcome({ participantId: to, publicKey: keys.publicKey });
      if (outcome.kind !== "sealed") throw new Error("refused");
      await room.deliver({ from: "host", to, sealed: outcome.sealed });
      await room.deliver({ from: "host", to, sealed: forger.roster });
    }
    expect(lea.refused).toEqual(["untrusted", "untrusted"]);
    expect(ada.status?.refused).toBe(2);
    expect([hears(lea, host, room), hears(lea, ada, room)]).toEqual(["ok", "ok"]);
    expect(ada.generation).toBe(host.generation);
  });

  test("empties the stage and seals a secret of its own: it is believed then, and counted", async () => {
    const { lea } = await opened();
    for (const id of ["host", "ada"]) lea.keys.trust.stageMemberLeft(id);
    const forger = new KeyDistributor({ roomId, firstGeneration: 512, firstSequence: 1e9 });
    const outcome = forger.welcome({ participantId: "lea", publicKey: lea.keys.publicKey });
    if (outcome.kind !== "sealed") throw new Error("refused");
    expect(lea.keys.open(outcome.sealed).kind).toBe("secret");
    expect(lea.keys.trust.unvouched).toBe(1);
  });
});

describe("a server that changes who is there", () => {
  test("inserts a ghost listener: it reads, and is in the list that is dealt to and in the signed digest", async () => {
    const { room, host, lea } = await opened();
    const ghost = new Listener("ghost", () => room.seats);
    room.listeners.set("ghost", ghost);
    await room.perform(host, { kind: "here", member: room.memberOf(ghost) });
    await room.pass(1100);
    expect(hears(ghost, host, room)).toBe("ok");
    // The harness knows whom it has seated.
    const seated = new Set(["host", "ada", "lea"]);
    expect([...host.everDealtTo].filter((id) => !seated.has(id))).toEqual(["ghost"]);
    // A member that pages the audience, where the server leaves the ghost out, makes another digest of it.
    await room.addSpeaker("bob");
    await room.pass(100);
    const { listeners } = lea.keys.trust.roster ?? {};
    const shown = new Map([["lea", listenerHash("lea", lea.keys.publicKey)]]);
    expect(listeners?.count).toBe(2);
    expect(sameBytes(listenersDigest(shown), listeners?.digest ?? new Uint8Array(0))).toBe(false);
    shown.set("ghost", listenerHash("ghost", ghost.keys.publicKey));
    expect(sameBytes(listenersDigest(shown), listeners?.digest ?? new Uint8Array(0))).toBe(true);
  });

  test("inserts a ghost speaker for the distributor alone: all others find somebody unannounced", async () => {
    const { room, host, ada, lea } = await opened();
    const publicKey = new KeyMember().publicKey;
    const ghost = { participantId: "ghost", seat: 9, isHost: false, publicKey };
    await room.perform(host, { kind: "here", member: ghost });
    await room.pass(100);
    expect(lea.keys.trust.differences()?.unannounced).toEqual(["ghost"]);
    expect(ada.status?.differences?.unannounced).toEqual(["ghost"]);
  });

  test("shows the audience a speaker that the distributor does not know: it is unsigned", async () => {
    const { lea } = await opened();
    lea.keys.trust.stageMember("puppet", 7);
    expect(lea.keys.trust.differences()).toEqual({ unannounced: [], unsigned: ["puppet"] });
  });

  test("swaps a listener's public key: it reads in the listener's place, who refuses all and hears nothing", async () => {
    const { room, host } = await opened();
    const victim = new Listener("vic", () => room.seats);
    const thief = new Listener("vic", () => room.seats);
    room.listeners.set("vic", victim);
    await room.perform(host, { kind: "here", member: room.memberOf(thief) });
    await room.pass(100);
    for (const sealed of victim.received) thief.receive(sealed, room.nowMs);
    expect(victim.refused.length).toBeGreaterThan(0);
    expect(victim.refused.every((cause) => cause === "authentication")).toBe(true);
    expect([hears(victim, host, room), hears(thief, host, room)]).toEqual(["unknown-key", "ok"]);
  });

  test("swaps a speaker's key package: the speaker finds another's key in its own name", async () => {
    const room = new Room();
    room.host = "host";
    const host = await room.addSpeaker("host");
    const impostor = await StageGroup.create("ada");
    const false_ = groupMessage(await impostor.keyPackage());
    let swapped = 0;
    room.meddle = (message) => {
      if (message.from !== "ada" || message.to !== "host") return [message];
      swapped++;
      return [{ ...message, sealed: false_ }];
    };
    const ada = await room.addSpeaker("ada");
    await room.pass(1200);
    expect(swapped).toBeGreaterThan(0);
    expect(ada.status?.isImpersonated).toBe(true);
    expect(host.status?.isImpersonated).toBe(false);
    expect(ada.status?.refused).toBeGreaterThan(0);
  });

  test("gives a key package out as another's: it is refused, and counted", async () => {
    const { room, host } = await opened();
    const stranger = await StageGroup.create("eve");
    const before = host.status?.refused ?? 0;
    await room.deliver({ from: "ada", to: "host", sealed: groupMessage(await stranger.keyPackage()) });
    await room.pass(100);
    expect(host.status?.refused).toBe(before + 1);
    expect(host.everDealtTo).not.toContain("eve");
  });
});

describe("a server that withholds", () => {
  test("a fresh secret: who does not get it hears nothing more and counts it, and who has left hears nothing", async () => {
    const { room, host, lea } = await opened();
    const leaver = await room.addListener("leo");
    await room.pass(100);
    expect(hears(leaver, host, room)).toBe("ok");
    room.meddle = (message) => (message.to === "lea" ? [] : [message]);
    await room.remove("leo");
    await room.pass(6200);
    const frame = host.speak(room.nowMs) ?? new Uint8Array(0);
    expect(lea.decrypt(frame, room.nowMs)).toMatchObject({ cause: "unknown-key" });
    expect(leaver.decrypt(frame, room.nowMs)).toMatchObject({ cause: "unknown-key" });
  });

  test("a commit to the group: who missed it asks to be added anew, and is back within a second or two", async () => {
    const { room, ada, lea } = await opened();
    room.meddle = (message) => (message.to === "ada" ? [] : [message]);
    await room.addSpeaker("bob");
    await room.pass(500);
    room.meddle = (message) => [message];
    await room.remove("lea");
    await room.pass(8000);
    await room.addListener("lou");
    await room.pass(1100);
    expect(hears(room.listener("lou"), ada, room)).toBe("ok");
    expect(ada.status?.safetyNumber).toBe(room.speaker("bob").status?.safetyNumber);
    expect(hears(lea, ada, room)).toBe("unknown-key");
  });

  test("a leave from the distributor: no rekey comes, and who has left hears on (not defended)", async () => {
    const { room, host } = await opened();
    const leaver = await room.addListener("leo");
    await room.pass(100);
    room.listeners.delete("leo");
    await room.pass(7000);
    expect(hears(leaver, host, room)).toBe("ok");
    expect(host.everDealtTo).toContain("leo");
  });
});
