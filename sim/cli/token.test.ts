import fc from "fast-check";
import { jwtVerify } from "jose";
import { afterEach, describe, expect, test, vi } from "vitest";
import { tokenClaimsSchema } from "../protocol/signalling.ts";
import { toBase64Url } from "../util/bytes.ts";
import { idOf, tokenCommand } from "./token.ts";

const secret = new Uint8Array(32).fill(3);

async function printed(...args: string[]): Promise<string> {
  vi.stubEnv("SOUNDCHECK_TOKEN_SECRET", toBase64Url(secret));
  const lines: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  const command = tokenCommand("/nowhere")
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  await command.parseAsync(args, { from: "user" });
  return lines.join("");
}

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe("soundcheck token", () => {
  test("prints a link whose token says who comes where, and for how long", async () => {
    const link = await printed("--name", "Ann Lee", "--room", "panel", "--role", "host", "--hours", "2");
    const [, base, token = ""] = /^(.*)#token=(.*)\n$/.exec(link) ?? [];
    expect(base).toBe("http://127.0.0.1:7880/");
    const { payload } = await jwtVerify(token, secret);
    expect(payload).toMatchObject({ sub: "ann-lee", name: "Ann Lee", room: "panel", role: "host" });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(7200);
  });

  test("prints the token alone where that is asked for", async () => {
    expect(await printed("--name", "Ann", "--bare")).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  });

  test.each([
    [["--name", ""], "empty, or too long"],
    [["--name", "Ann", "--role", "king"], "Allowed choices"],
    [["--name", "Ann", "--server", "rooms.example"], "https://rooms.example"],
    [["--name", "Ann", "--room", "x".repeat(65)], "empty, or too long"],
    [[], "--name"],
  ])("refuses %j", async (args, why) => {
    await expect(printed(...args)).rejects.toThrow(why);
  });
});

test("an account is made of any name, and is one that a token may have", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 80 }), (name) => {
      expect(tokenClaimsSchema.shape.sub.safeParse(idOf(name)).success).toBe(true);
    }),
  );
  expect(idOf("Änne Müller")).toBe("a-nne-mu-ller");
});
