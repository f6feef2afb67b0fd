import { expect, it } from "vitest";
import { counted, formatBytes, formatKey, formatSeconds } from "./format.ts";
import { etaSeconds, rateMeter } from "./rate.ts";

it.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1536, "1.5 KiB"],
  [150 * 1024 ** 2, "150 MiB"],
  [5 * 1024 ** 4, "5.0 TiB"],
])("%d bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it.each([
  [3.21, "3.2 s"],
  [59, "59 s"],
  [3725, "1 h 2 min"],
  [200_000, "2 d 7 h"],
])("%d seconds are %s", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

it.each([
  [0, "0 copies"],
  [1, "1 copy"],
  [12_345, "12,345 copies"],
])("%d of something are %s", (count, text) => {
  expect(counted(count, "copy", "copies")).toBe(text);
});

it("a key cannot steer the terminal", () => {
  expect(formatKey("a\u001b[31mb\u202e")).not.toMatch(/[\u001b\u202e]/);
  expect(formatKey("ü ?.mp3")).toBe("ü ?.mp3");
});

it("a rate is that of the last seconds, and the time left that of the slower of objects and bytes", () => {
  let clock = 0;
  const meter = rateMeter(() => clock);
  for (let second = 1; second <= 100; second++) {
    clock += 1000;
    meter.add(second <= 50 ? 1 : 10, 100);
    meter.read();
  }
  const reading = meter.read();
  expect(reading).toMatchObject({ objects: 550, bytes: 10_000 });
  expect(reading.objectsPerSecond).toBeCloseTo(10, 0);
  expect(etaSeconds(reading, { objects: 650, bytes: 20_000 })).toBeCloseTo(100, 0);
  expect(etaSeconds(reading, { objects: undefined, bytes: undefined })).toBeUndefined();
});
