import { describe, expect, it } from "vitest";
import { FilledMemory } from "../src/filled-memory.ts";

const KIB = 1024;
const NO_CONNECTION = { pause: () => undefined, resume: () => undefined, abandon: () => undefined };

describe("memory that a body is written into", () => {
  it("is given out in pieces that lie in it, in order, large enough to be worth a step", async () => {
    const memory = new Uint8Array(1_000 * KIB);
    const body = new FilledMemory(NO_CONNECTION, memory);
    const pieces = Array.fromAsync(body);
    for (let i = 0; i < 100; i++) {
      body.push(new Uint8Array(10 * KIB).fill(i));
      if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    body.end();
    let end = 0;
    for (const piece of await pieces) {
      expect(piece.buffer).toBe(memory.buffer);
      expect(piece.byteOffset).toBe(end);
      end += piece.byteLength;
    }
    expect(end).toBe(memory.byteLength);
    expect((await pieces).length).toBeLessThan(10);
    expect([memory[0], memory[15 * KIB], memory[999 * KIB]]).toEqual([0, 1, 99]);
  });

  it("S10 refuses more than was announced, and the reader is told", async () => {
    const body = new FilledMemory(NO_CONNECTION, new Uint8Array(10));
    body.push(new Uint8Array(10));
    body.push(new Uint8Array(1));
    await expect(body.bytes()).rejects.toMatchObject({ code: "HTTP_ANSWER_TOO_LONG" });
  });

  it("is left alone once the body was given up, for it belongs to somebody else by then", async () => {
    const memory = new Uint8Array(10);
    const body = new FilledMemory(NO_CONNECTION, memory);
    body.push(Uint8Array.of(1));
    body.fail(new Error("given up"));
    body.push(Uint8Array.of(2, 2));
    expect([...memory]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    await expect(Array.fromAsync(body)).rejects.toThrow("given up");
  });
});
