import { describe, expect, it } from "vitest";
import { objectEntry, objectInfo } from "./object-info.ts";
import { recordOfInfo, recordOfRow, unquoted } from "./object-record.ts";

const INFO = {
  id: "0d2cbb08-5b85-4a30-8d2d-d0a3b8f8a7b1",
  name: "a/b.html",
  version: "5d2cbb08-5b85-4a30-8d2d-d0a3b8f8a7b2",
  bucket_id: "b",
  size: 10,
  content_type: "text/html",
  cache_control: "max-age=60",
  etag: '"5d41402abc4b2a76b9719d911017c592"',
  metadata: { "Some-Key": "x" },
  last_modified: "2026-08-01T10:00:00.123Z",
  created_at: "2026-07-01T10:00:00.000Z",
};

describe("recordOfInfo", () => {
  it("takes the time from the header, where an older server leaves it out of the body", () => {
    const { last_modified: _, ...older } = INFO;
    const fileTime = "Sat, 01 Aug 2026 10:00:00 GMT";
    expect(recordOfInfo(older, fileTime)?.lastModified).toEqual(new Date("2026-08-01T10:00:00.000Z"));
    expect(recordOfInfo(INFO, "Sun, 02 Aug 2026 10:00:00 GMT")?.lastModified).toEqual(new Date(INFO.last_modified));
    expect(recordOfInfo(older)?.lastModified).toEqual(new Date(INFO.created_at));
  });

  it("reads what `info` answers, with the stored content type and the names of the metadata as they are", () => {
    const record = recordOfInfo(INFO);
    expect(record?.userMetadata).toEqual({ "Some-Key": "x" });
    expect(record && objectInfo("a/b.html", record)).toEqual({
      key: "a/b.html",
      size: 10,
      etag: "5d41402abc4b2a76b9719d911017c592",
      version: "5d2cbb08-5b85-4a30-8d2d-d0a3b8f8a7b2",
      lastModified: new Date("2026-08-01T10:00:00.123Z"),
      contentType: "text/html",
      cacheControl: "max-age=60",
      metadata: { "some-key": "x" },
    });
  });

  it("takes null metadata, as uploads without any leave it, for none", () => {
    expect(recordOfInfo({ ...INFO, metadata: null })?.userMetadata).toEqual({});
  });

  it("reads a size that is kept as text, as some rows have it", () => {
    expect(recordOfInfo({ ...INFO, size: "10" })?.size).toBe(10);
    expect(recordOfRow({ name: "a", metadata: { size: "12" } })?.size).toBe(12);
    expect(recordOfRow({ name: "a", metadata: { size: "-1" } })?.size).toBeUndefined();
  });

  it("calls a record without a size an object without bytes, for good", () => {
    const record = recordOfInfo({ ...INFO, size: null, etag: null, content_type: null, cache_control: null });
    expect(() => record && objectInfo("a/b.html", record)).toThrow(
      expect.objectContaining({ code: "IncompleteBody", persistence: "permanent" }),
    );
    expect(record && objectEntry(record)).toMatchObject({ type: "object", key: "a/b.html", size: 0 });
  });

  it.each([[null], [[]], ["text"], [{ size: 1 }]])("knows that %j is no object", (json) => {
    expect(recordOfInfo(json)).toBeUndefined();
    expect(recordOfRow(json)).toBeUndefined();
  });
});

describe("recordOfRow", () => {
  it("reads a row of a listing", () => {
    const record = recordOfRow({
      name: "k",
      updated_at: "2026-08-01T10:00:00.123Z",
      metadata: { eTag: '"abc-2"', size: 7, mimetype: "text/plain", cacheControl: "max-age=3600", contentLength: 7 },
    });
    expect(record && objectEntry(record)).toEqual({
      type: "object",
      key: "k",
      size: 7,
      etag: "abc-2",
      contentType: "text/plain",
      cacheControl: "max-age=3600",
      lastModified: new Date("2026-08-01T10:00:00.123Z"),
    });
  });
});

describe("unquoted", () => {
  it.each([
    ['"abc"', "abc"],
    ['W/"abc"', "W/abc"],
    ["abc", "abc"],
  ])("makes %s into %s", (header, etag) => {
    expect(unquoted(header)).toBe(etag);
  });
});
