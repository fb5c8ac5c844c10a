/**
 * A page for `soundcheck overhead`, no part of the client: streams that go out and come back
 * within it, with the client's SFrame worker between codec and network or without.
 */
import { FrameGuard, type FrameCounts } from "./frame-guard.ts";

export type TransformCostPage = {
  /** Resolves once every stream is heard. */
  start(options: { streams: number; encrypted: boolean }): Promise<void>;
  /** Frames so far; opened ones only where there is encryption. */
  counts(): Promise<{ received: number; opened: number }>;
};

declare global {
  interface Window {
    transformCost: TransformCostPage;
  }
}

const participantId = "speaker";
let counts: FrameCounts = { sealed: 0, opened: 0, refused: {} };
let receiving: RTCPeerConnection | undefined;
/** Kept, or they would fall silent. */
const sounds: HTMLAudioElement[] = [];

function newGuard(): FrameGuard {
  const guard = new FrameGuard((told) => {
    counts = told;
  });
  guard.tell({ type: "self", participantId, seat: 0 });
  guard.tell({ type: "seat", participantId, seat: 0 });
  const secret = crypto.getRandomValues(new Uint8Array(32));
  guard.tell({ type: "secret", generation: 0, secret, isStep: true });
  return guard;
}

async function start({ streams, encrypted }: { streams: number; encrypted: boolean }): Promise<void> {
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  const [track] = microphone.getAudioTracks();
  if (track === undefined) throw new Error("there is no microphone");
  const guard = encrypted ? newGuard() : undefined;
  const sending = new RTCPeerConnection();
  const receiver = new RTCPeerConnection();
  receiving = receiver;
  const heard = Promise.withResolvers<void>();
  sending.addEventListener(
    "icecandidate",
    ({ candidate }) => void receiver.addIceCandidate(candidate ?? undefined),
  );
  receiver.addEventListener(
    "icecandidate",
    ({ candidate }) => void sending.addIceCandidate(candidate ?? undefined),
  );
  receiver.addEventListener("track", ({ receiver: end, track: incoming }) => {
    guard?.protectReceiver(end, participantId);
    const sound = new Audio();
    sound.srcObject = new MediaStream([incoming]);
    sounds.push(sound);
    void sound.play();
    if (sounds.length === streams) heard.resolve();
  });
  for (let index = 0; index < streams; index++) {
    const { sender } = sending.addTransceiver(track.clone(), { direction: "sendonly" });
    guard?.protectSender(sender);
  }
  await sending.setLocalDescription();
  if (sending.localDescription !== null) await receiver.setRemoteDescription(sending.localDescription);
  await receiver.setLocalDescription();
  if (receiver.localDescription !== null) await sending.setRemoteDescription(receiver.localDescription);
  await heard.promise;
}

async function frames(): Promise<{ received: number; opened: number }> {
  let received = 0;
  for (const report of (await receiving?.getStats())?.values() ?? []) {
    const { type, packetsReceived } = report as { type: string; packetsReceived?: number };
    if (type === "inbound-rtp") received += packetsReceived ?? 0;
  }
  return { received, opened: counts.opened };
}

window.transformCost = { start, counts: frames };
