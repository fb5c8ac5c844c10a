import { SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { tokenAudience, tokenIssuer } from "../protocol/signalling.ts";
import { mintToken } from "../protocol/token.ts";
import { TokenVerifier } from "./token.ts";

const secret = new Uint8Array(32).fill(1);
const subject = { sub: "p1", room: "r1", role: "speaker", name: "Ada" } as const;

function sign(claims: Record<string, unknown>, { alg = "HS256", key = secret } = {}): Promise<string> {
  return new SignJWT({ iss: tokenIssuer, aud: tokenAudience, ...subject, exp: 9_999_999_999, ...claims })
    .setProtectedHeader({ alg })
    .sign(key);
}

describe("a token", () => {
  test("that was minted with the same secret says whom it admits", async () => {
    const verifier = await TokenVerifier.create(secret);
    expect(await verifier.verify(await mintToken(secret, subject, 60))).toMatchObject(subject);
  });

  const refused: [string, () => Promise<string>][] = [
    ["of another secret", () => mintToken(new Uint8Array(32).fill(2), subject, 60)],
    ["that has expired", () => sign({ exp: 1 })],
    ["without an expiry", () => sign({ exp: undefined })],
    ["of another issuer", () => sign({ iss: "somebody" })],
    ["for another audience", () => sign({ aud: "another" })],
    ["signed with another algorithm", () => sign({}, { alg: "HS512", key: new Uint8Array(64).fill(1) })],
    ["with a role that there is not", () => sign({ role: "owner" })],
    ["without a room", () => sign({ room: undefined })],
    ["without a subject", () => sign({ sub: undefined })],
    ["with an empty subject", () => sign({ sub: "" })],
    ["that is not a token", () => Promise.resolve("a.b.c")],
    ["that is empty", () => Promise.resolve("")],
    [
      "without a signature",
      async () => {
        const header = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
        return `${header}.${(await sign({})).split(".")[1]}.`;
      },
    ],
  ];
  for (const [what, make] of refused) {
    test(`${what} is refused as bad-token`, async () => {
      const verifier = await TokenVerifier.create(secret);
      await expect(verifier.verify(await make())).rejects.toMatchObject({ code: "bad-token" });
    });
  }

  test("that is refused is not repeated in the error", async () => {
    const verifier = await TokenVerifier.create(secret);
    const token = await sign({ exp: 1 });
    const error = await verifier.verify(token).catch((caught: unknown) => caught);
    expect(String(error)).not.toContain(token.split(".")[1]);
  });
});
