import { describe, expect, it } from "vitest";
import { MAX_REQUEST_BYTES, uploadRoute, type UploadNeeds } from "./upload-route.ts";

const MIB = 1024 * 1024;
const route = (needs: Partial<UploadNeeds>) =>
  uploadRoute({
    lengthBytes: 1,
    resumableAboveBytes: 6 * MIB,
    contentType: "audio/mpeg",
    cacheControl: "no-cache",
    ...needs,
  });

describe("uploadRoute", () => {
  it.each([
    ["a small body", {}, "request"],
    ["a body at the border", { lengthBytes: 6 * MIB }, "request"],
    ["a larger body", { lengthBytes: 6 * MIB + 1 }, "resumable"],
    ["a body of unknown length", { lengthBytes: undefined }, "resumable"],
    [
      "a large body with a cache control that the resumable protocol cannot say",
      { lengthBytes: 7 * MIB, cacheControl: "public, max-age=60" },
      "request",
    ],
    ["the same of unknown length", { lengthBytes: undefined, cacheControl: "private" }, "request"],
    [
      "more than one request takes, with such a cache control",
      { lengthBytes: MAX_REQUEST_BYTES + 1, cacheControl: "private" },
      "impossible",
    ],
    [
      "a stored form, which the service would take apart",
      { contentType: "multipart/form-data; boundary=x" },
      "resumable",
    ],
    [
      "a stored form with such a cache control",
      { contentType: "Multipart/Form-Data", cacheControl: "private" },
      "impossible",
    ],
  ])("%s", (_, needs, kind) => {
    expect(route(needs).kind).toBe(kind);
  });

  it.each([
    ["max-age=60", "60"],
    ["max-age=0", "0"],
    ["no-cache", "no-cache"],
  ])("spells %s the way the resumable protocol does", (cacheControl, spelled) => {
    expect(route({ lengthBytes: undefined, cacheControl })).toEqual({ kind: "resumable", cacheControl: spelled });
  });

  it.each(["max-age=060", "max-age=60 ", "max-age=-1", "Max-Age=60", "max-age=99999999999", "no-store", "max-age=1e3"])(
    "does not take %s for a number of seconds, which would change it",
    (cacheControl) => {
      expect(route({ lengthBytes: undefined, cacheControl }).kind).toBe("request");
    },
  );
});
