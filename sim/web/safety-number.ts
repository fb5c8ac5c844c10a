import { hkdfExpand, hkdfExtract } from "../e2ee/_hkdf.ts";

const groups = 6;
const digits = 5;

/**
 * Six groups of five digits, the same for all who hold the same secret of a room: read
 * out loud it shows that nobody was given another one.
 */
export function safetyNumber(roomId: string, generation: number, secret: Uint8Array): string {
  const info = new TextEncoder().encode(`soundcheck safety number v1 ${generation} ${roomId}`);
  const bytes = hkdfExpand("sha256", hkdfExtract("sha256", new Uint8Array(0), secret), info, groups * digits);
  return Array.from({ length: groups }, (_, group) => {
    // 40 bits modulo 10^5: no digit is favoured by more than one part in ten million.
    const value = bytes
      .slice(group * digits, (group + 1) * digits)
      .reduce((sum, byte) => sum * 256 + byte, 0);
    return String(value % 10 ** digits).padStart(digits, "0");
  }).join(" ");
}
