import { StorageError, type StorageProvider } from "@bucketferry/storage-core";
import { memory } from "@bucketferry/storage-core/memory";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { probeTarget } from "../src/stages/probe-target.ts";
import { cli } from "./cli.ts";
import { inventory, openWorld, type World } from "./world.ts";

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

it("doctor --write tries a key that is easily damaged, headers and metadata at the target, and leaves nothing behind", async () => {
  const { events, code } = await cli(["doctor", "--write", "--json", "--config", world.configFile]);
  expect(code).toBe(0);
  for (const id of ["odd-keys", "headers"]) {
    expect(events).toContainEqual(
      expect.objectContaining({ type: "finding", subject: "audio target", id, level: "ok" }),
    );
  }
  expect(world.count("target", "PutObject", 200)).toBeGreaterThan(1);
  expect(await inventory(world.route.target)).toEqual({});
  expect(world.count("source", "PutObject")).toBe(0);
});

describe("a target that", () => {
  const signal = new AbortController().signal;
  const decoded = (key: string): string => decodeURIComponent(key.replaceAll("+", " "));

  /** A target with one thing wrong with it. */
  function broken(change: (sound: StorageProvider) => Partial<StorageProvider>): StorageProvider {
    const sound = memory({ bucket: "b" });
    return { ...sound, ...change(sound) };
  }

  it.each<[string, (sound: StorageProvider) => Partial<StorageProvider>, RegExp]>([
    [
      "stores under a decoded key",
      (sound) => ({ put: (key, ...rest) => sound.put(decoded(key), ...rest) }),
      /cannot be read back: NotFound/,
    ],
    [
      "lists a decoded key",
      (sound) => ({
        async *list(options) {
          for await (const entry of sound.list(options)) {
            yield entry.type === "object" ? { ...entry, key: decoded(entry.key) } : entry;
          }
        },
      }),
      /is listed as "bucketferry-check-[-0-9a-f]+\/x x&x xAxüx\.mp3"/,
    ],
    [
      "refuses it",
      (sound) => ({ put: (key, ...rest) => sound.put(key.includes("ü") ? "" : key, ...rest) }),
      /cannot be written: InvalidKey/,
    ],
  ])("%s is an error with its fix, and is cleaned", async (_, change, message) => {
    const target = broken(change);
    expect(await probeTarget(target, signal)).toContainEqual({
      id: "odd-keys",
      level: "error",
      message: expect.stringMatching(message),
      fix: expect.stringContaining("gateway"),
    });
    expect(await inventory(target)).toEqual({});
  });

  it("takes no such type is a warning about that, and none about keys", async () => {
    const target = broken((sound) => ({
      put: (key, body, options) =>
        options?.contentType === undefined
          ? sound.put(key, body, options)
          : Promise.reject(new StorageError("InvalidArgument", "the service refuses this content type")),
    }));
    expect(await probeTarget(target, signal)).toEqual([
      expect.objectContaining({
        id: "headers",
        level: "warning",
        message: expect.stringContaining("refuses this content type"),
      }),
    ]);
  });

  it("drops headers is a warning that names them", async () => {
    const target = broken((sound) => ({
      put: (key, body, options) => sound.put(key, body, { ...options, cacheControl: undefined, metadata: undefined }),
    }));
    expect(await probeTarget(target, signal)).toEqual([
      expect.objectContaining({ id: "odd-keys", level: "ok" }),
      expect.objectContaining({
        id: "headers",
        level: "warning",
        message: expect.stringContaining("cacheControl, metadata.bucketferry-check"),
      }),
    ]);
  });

  it("takes few characters is asked for those only", async () => {
    const sound = memory({ bucket: "b" });
    const keys = { ...sound.capabilities.keys, charset: "[A-Za-z0-9./-]" };
    const target = { ...sound, capabilities: { ...sound.capabilities, keys } };
    expect(await probeTarget(target, signal)).toContainEqual({
      id: "odd-keys",
      level: "ok",
      message: "A key with plain letters is read and listed as it was written.",
    });
  });
});
