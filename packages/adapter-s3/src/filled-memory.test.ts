import { describe, expect, it } from "vitest";
import { filledMemory } from "./filled-memory.ts";

const KIB = 1024;

describe("memory that a body is written into", () => {
  it("is given out in pieces that lie in it, in order, large enough to be worth a step", async () => {
    const memory = new Uint8Array(1_000 * KIB);
    const body = filledMemory(memory);
    const pieces = Array.fromAsync(body);
    for (let i = 0; i < 100; i++) {
      body.write(new Uint8Array(10 * KIB).fill(i));
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
    const body = filledMemory(new Uint8Array(10));
    expect(body.write(new Uint8Array(10))).toBe(true);
    expect(body.write(new Uint8Array(1))).toBe(false);
    await expect(body.all()).rejects.toMatchObject({ code: "IncompleteBody" });
  });

  it("is left alone once the body was given up, for it belongs to somebody else by then", async () => {
    const memory = new Uint8Array(10);
    const body = filledMemory(memory);
    body.write(Uint8Array.of(1));
    body.fail(new Error("given up"));
    body.write(Uint8Array.of(2, 2));
    expect([...memory]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    await expect(Array.fromAsync(body)).rejects.toThrow("given up");
  });
});
