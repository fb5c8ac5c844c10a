/** What the page plays at this moment, for whoever listens beside it. */
export class Sounds {
  /** The received tracks that are played. */
  readonly tracks = new Set<MediaStreamTrack>();
  #connectedAtUnixMs: number | null = null;

  /** When the receiving connection was first there (ICE and DTLS done), in milliseconds since 1970; null before. */
  get connectedAtUnixMs(): number | null {
    return this.#connectedAtUnixMs;
  }

  connected(atUnixMs: number): void {
    this.#connectedAtUnixMs ??= atUnixMs;
  }
}
