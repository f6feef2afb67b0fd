import { expect, it, vi } from "vitest";
import { isStorageError, StorageError } from "../../src/errors/storage-error.ts";
import { retry, withLayers } from "../../src/layers/index.ts";
import { memory } from "../../src/memory/index.ts";

async function otherCopy(): Promise<typeof StorageError> {
  vi.resetModules();
  const { StorageError: other } = await import("../../src/errors/storage-error.ts");
  return other;
}

it("knows the errors of another copy of this package, as an adapter that is installed elsewhere throws them", async () => {
  const Other = await otherCopy();
  expect(Other).not.toBe(StorageError);
  const error: unknown = new Other("NotFound", "there is no such object");
  expect(error instanceof StorageError).toBe(true);
  expect(isStorageError(error, "NotFound")).toBe(true);
  expect(isStorageError(error, "Conflict")).toBe(false);
  expect(Object.keys(error as object)).not.toContain("Symbol(@bucketferry/storage-core/StorageError)");
});

it.each([new Error("x"), { name: "StorageError", code: "NotFound" }, null, "StorageError", undefined])(
  "takes %j for none",
  (value) => {
    expect(isStorageError(value)).toBe(false);
  },
);

it("tries again what failed in another copy's words", async () => {
  const Other = await otherCopy();
  const storage = memory();
  await storage.put("a", "bytes");
  let failures = 0;
  const failing = {
    ...storage,
    head: (...args: Parameters<typeof storage.head>) => {
      if (failures++ === 0) throw new Other("Unavailable", "the service is restarting");
      return storage.head(...args);
    },
  };
  const patient = withLayers(failing, [retry({ maxAttempts: 2, baseDelayMs: 1 })]);
  expect(await patient.head("a")).toMatchObject({ size: 5 });
  expect(failures).toBe(2);
});
