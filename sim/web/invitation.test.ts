import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mintToken } from "../protocol/token.ts";
import { parseInvitation } from "./invitation.ts";

const secret = new Uint8Array(32).fill(1);
const subject = { sub: "ann", room: "panel", role: "host", name: "Ann Lée" } as const;

describe("an invitation", () => {
  test.each([
    ["a token", (token: string) => token],
    ["a token with space around it", (token: string) => `  ${token}\n`],
    ["a link", (token: string) => `https://rooms.example/#token=${token}`],
    ["a link with more after the #", (token: string) => `https://rooms.example/#a=b&token=${token}&c=d`],
    ["what stands after the # alone", (token: string) => `#token=${token}`],
  ])("is read from %s", async (_what, write) => {
    const token = await mintToken(secret, subject, 60);
    expect(parseInvitation(write(token))).toMatchObject({
      token,
      participantId: "ann",
      room: "panel",
      role: "host",
      name: "Ann Lée",
    });
  });

  test("is not read from a token that lacks a claim", () => {
    const payload = Buffer.from(JSON.stringify({ sub: "ann", exp: 1 })).toString("base64url");
    expect(parseInvitation(`e30.${payload}.x`)).toBeNull();
  });

  test("is null for anything else, whatever it is", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.tuple(fc.base64String(), fc.base64String(), fc.base64String()).map((parts) => parts.join(".")),
        ),
        (text) => {
          expect(parseInvitation(text)).toBeNull();
        },
      ),
    );
  });
});
