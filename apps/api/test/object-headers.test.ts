import { expect, it } from "vitest";
import { objectHeaders } from "../src/objects/object-headers.ts";

it("what somebody else has stored and no header can carry counts as not said", () => {
  const headers = objectHeaders(
    {
      key: "audio/a.m4a",
      size: 1,
      etag: "1",
      lastModified: new Date(0),
      contentType: "audio/mp4; name=講義",
      cacheControl: "max-age=1\r\nset-cookie: stolen=1",
      contentEncoding: "\u0000",
      contentLanguage: "ja",
      metadata: {},
    },
    { cacheControl: "private, no-cache" },
  );
  expect(headers).toMatchObject({
    "content-type": "application/octet-stream",
    "cache-control": "private, no-cache",
    "content-language": "ja",
  });
  expect(headers["content-disposition"]).toMatch(/^attachment/);
  expect(headers).not.toHaveProperty("content-encoding");
});
