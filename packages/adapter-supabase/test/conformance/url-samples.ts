import type { UrlSamples } from "@bucketferry/storage-core/conformance";

/** An unsigned stand-in for the service's tokens: `parseUrl` reads claims, it does not verify them. */
function sampleToken(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "HS256" })}.${part(claims)}.c2lnbmF0dXJl`;
}

/** Every form that the service has issued, for a bucket behind this base URL, and texts that only look like it. */
export function urlSamples(base: string, bucket: string): UrlSamples {
  const host = new URL(base).host;
  const token = (key: string, exp = 1_700_000_000) =>
    sampleToken({ url: `${bucket}/${key}`, scope: "download", iat: exp - 60, exp });
  return {
    issued: [
      { url: `${base}/object/public/${bucket}/a/b.png`, key: "a/b.png", kind: "public" },
      { url: `${base}/object/public/${bucket}/a%20b+c.png?download=x.png`, key: "a b+c.png", kind: "public" },
      { url: `${base}/object/public/${bucket}/a.png?t=2023-01-01T00%3A00%3A00.000Z`, key: "a.png", kind: "public" },
      { url: `${base}/object/public/${bucket}/a.png?width=10&height=10&resize=cover#x`, key: "a.png", kind: "public" },
      { url: `${base}/object/sign/${bucket}/a.png?token=${token("a.png")}`, key: "a.png", kind: "signed" },
      { url: `${base}/object/sign/${bucket}/q?1.png?token=${token("q?1.png")}`, key: "q?1.png", kind: "signed" },
      { url: `${base}/object/upload/sign/${bucket}/a.png?token=${token("a.png")}`, key: "a.png", kind: "upload" },
      { url: `${base}/object/authenticated/${bucket}/a.png`, key: "a.png", kind: "authenticated" },
      { url: `${base}/object/${bucket}/a.png`, key: "a.png", kind: "bare" },
      { url: `${base}/render/image/public/${bucket}/a.png?width=100&quality=80`, key: "a.png", kind: "render" },
      {
        url: `${base}/render/image/sign/${bucket}/a.png?token=${token("a.png")}`,
        key: "a.png",
        kind: "private-render",
      },
      { url: `${base}/render/image/authenticated/${bucket}/a.png`, key: "a.png", kind: "private-render" },
      { url: `${base}/s3/${bucket}/a.png`, key: "a.png", kind: "s3" },
      { url: `//${host}${new URL(base).pathname}/object/public/${bucket}/a.png`, key: "a.png", kind: "public" },
    ],
    foreign: [
      `${base}/object/public/${bucket}2/a.png`,
      `${base}/object/public/other/a.png`,
      `${base}/object/public/${bucket}`,
      `${base}/object/public/${bucket}/`,
      `${base}/object/list-v2/${bucket}`,
      `${base}/bucket/${bucket}`,
      `${base}/object/public/${bucket}/%E0%A4%A`,
      `${base}/object/public/${bucket}/../other/a.png`,
      `http://${host}/object/public/${bucket}/a.png`,
      `http://elsewhere.example/storage/v1/object/public/${bucket}/a.png`,
      `ftp://${host}/storage/v1/object/public/${bucket}/a.png`,
      `/storage/v1/object/public/${bucket}/a.png`,
    ],
  };
}
