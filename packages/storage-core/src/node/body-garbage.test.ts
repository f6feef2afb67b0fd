import { expect, test } from "vitest";
import { bodyGarbage } from "./body-garbage.ts";

const MIB = 1024 * 1024;

/** The most that buffers came to while a body of 256 MiB went by in pieces that nobody keeps. */
function mostBufferBytes(passed: (bytes: number) => void): number {
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let piece = 0; piece < 4096; piece++) {
    passed(Buffer.allocUnsafeSlow(MIB / 16).byteLength);
    if (piece % 16 === 0) most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  return most;
}

test("the pieces of a body do not pile up", () => {
  expect(mostBufferBytes(bodyGarbage({ everyBytes: 4 * MIB }))).toBeLessThan(12 * MIB);
});

test("pieces that were held for a while are collected once there are many of them", () => {
  const passed = bodyGarbage({ everyBytes: 4 * MIB, oldGarbageBytes: 16 * MIB });
  const before = process.memoryUsage().arrayBuffers;
  let held: Buffer[] = [];
  let most = 0;
  for (let piece = 0; piece < 4096; piece++) {
    // Eight MiB live through two collections, so the old generation has them by then.
    if (held.length === 128) held = [];
    held.push(Buffer.allocUnsafeSlow(MIB / 16));
    passed(MIB / 16);
    if (piece % 16 === 0) most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  expect(most).toBeLessThan(64 * MIB);
});
