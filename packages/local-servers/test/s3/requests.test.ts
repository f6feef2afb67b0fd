import { createHash } from "node:crypto";
import { once } from "node:events";
import { Agent, type IncomingMessage, request as httpRequest } from "node:http";
import { connect } from "node:net";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type S3Server, s3Server } from "../../src/index.ts";
import { type RawRequest, send } from "./probe/requests.ts";
import { type Signed, signHeaders } from "./signed-request.ts";

const BUCKET = "requests";
let server: S3Server;
let s3: S3Client;

beforeAll(async () => {
  server = await s3Server();
  const { url: endpoint, region, credentials } = server;
  s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: "k", Body: "kept" }));
});
afterAll(async () => {
  s3.destroy();
  await server.close();
});

type Payload = Parameters<typeof signHeaders>[4];

function signed(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>> = {},
  payload?: Payload,
): Signed {
  return signHeaders(server, method, target, headers, payload);
}

async function ask(method: string, target: string, request: RawRequest = {}, payload?: Payload) {
  const { headers } = signed(method, target, request.headers, payload);
  return send(server.url + target, { ...request, method, headers });
}

async function content(key: string): Promise<string | undefined> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
  return Body?.transformToString();
}

const isMissing = async (Key: string): Promise<boolean> =>
  s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key })).then(
    () => false,
    () => true,
  );

describe("what this server has no part for", () => {
  // Elsewhere, `DELETE ?ownershipControls` has deleted buckets, and `PUT ?tagging` has overwritten objects.
  const OF_BUCKETS =
    "accelerate acl analytics encryption intelligent-tiering inventory logging metrics notification object-lock ownershipControls replication requestPayment tagging versioning versions website metadataTable session made-up".split(
      " ",
    );
  const OF_OBJECTS = "acl attributes legal-hold restore retention select tagging torrent renameObject made-up".split(
    " ",
  );

  it.each(OF_BUCKETS)("?%s of a bucket is 501, and the bucket stays as it is", async (name) => {
    for (const method of ["GET", "PUT", "POST", "DELETE"]) {
      const { status, code } = await ask(method, `/empty?${name}`, { body: "<X/>" });
      // The bucket is not even looked for.
      expect([method, status, code]).toEqual([method, 501, "NotImplemented"]);
    }
  });

  it.each(OF_OBJECTS)("?%s of an object is 501, and the object stays as it is", async (name) => {
    for (const method of ["GET", "PUT", "POST", "DELETE"]) {
      const { status, code } = await ask(method, `/${BUCKET}/k?${name}`, { body: "<X/>" });
      expect([method, status, code]).toEqual([method, 501, "NotImplemented"]);
    }
    expect(await content("k")).toBe("kept");
  });

  it("an unknown parameter with a value is ignored on a read, as S3 does, and refused on a write", async () => {
    expect((await ask("GET", `/${BUCKET}/k?v=2`)).body).toBe("kept");
    expect((await ask("PUT", `/${BUCKET}/k?v=2`, { body: "x" })).status).toBe(501);
    expect((await ask("DELETE", `/${BUCKET}/k?v=2`)).status).toBe(501);
  });

  it.each([
    ["x-amz-tagging", "a=b"],
    ["x-amz-server-side-encryption", "AES256"],
    ["x-amz-storage-class", "ONEZONE_IA"],
    ["x-amz-object-lock-mode", "COMPLIANCE"],
    ["x-amz-website-redirect-location", "/x"],
    ["x-amz-made-up", "1"],
  ])("the header %s is 501", async (name, value) => {
    const { status, code } = await ask("PUT", `/${BUCKET}/k`, { headers: { [name]: value }, body: "x" });
    expect([status, code]).toEqual([501, "NotImplemented"]);
    expect(await content("k")).toBe("kept");
  });

  it("a version is 501, but `null`, which is the only one, is there", async () => {
    expect((await ask("GET", `/${BUCKET}/k?versionId=abc`)).status).toBe(501);
    expect((await ask("DELETE", `/${BUCKET}/k?versionId=abc`)).status).toBe(501);
    expect((await ask("GET", `/${BUCKET}/k?versionId=null`)).body).toBe("kept");
  });

  it("another method is 405", async () => {
    expect((await ask("PATCH", `/${BUCKET}/k`)).status).toBe(405);
  });
});

describe("bodies", () => {
  it.each([
    ["an MD5 that is none", { "content-md5": "x" }, 400, "InvalidDigest"],
    [
      "two checksums",
      { "x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-crc32c": "AAAAAA==" },
      400,
      "InvalidRequest",
    ],
    ["a checksum that is none", { "x-amz-checksum-sha256": "AAAA" }, 400, "InvalidRequest"],
    ["an announced checksum that does not come", { "x-amz-sdk-checksum-algorithm": "CRC32" }, 400, "InvalidRequest"],
    [
      "another checksum than announced",
      { "x-amz-sdk-checksum-algorithm": "SHA1", "x-amz-checksum-crc32": "AAAAAA==" },
      400,
      "InvalidRequest",
    ],
    ["over 5 GiB", { "content-length": String(5 * 1024 ** 3 + 1) }, 400, "EntityTooLarge"],
    ["an ACL", { "x-amz-acl": "private" }, 400, "AccessControlListNotSupported"],
    ["metadata over 2 KiB", { "x-amz-meta-a": "x".repeat(2048) }, 400, "MetadataTooLarge"],
    ["both conditions", { "if-match": '"x"', "if-none-match": "*" }, 400, "InvalidArgument"],
    ["If-None-Match with an ETag", { "if-none-match": '"x"' }, 501, "NotImplemented"],
  ])("with %s are refused, and nothing is stored", async (_, headers, status, code) => {
    const { headers: all } = signed("PUT", `/${BUCKET}/refused`, headers);
    const answer = await new Promise<{ status: number; code: string | undefined }>((resolve, reject) => {
      const request = httpRequest(
        `${server.url}/${BUCKET}/refused`,
        { method: "PUT", headers: { "content-length": 1, ...all } },
        (response) => {
          let text = "";
          response.on("data", (chunk: Buffer) => (text += chunk.toString()));
          response.on("end", () => {
            resolve({ status: response.statusCode ?? 0, code: /<Code>(.*?)<\/Code>/.exec(text)?.[1] });
            request.destroy();
          });
        },
      );
      request.on("error", reject);
      request.write("x");
    });
    expect(answer).toEqual({ status, code });
    expect(await isMissing("refused")).toBe(true);
  });

  it("without a length are 411, also where there is no body, and 501 in chunks of HTTP", async () => {
    const answerTo = async (method: string, target: string, rest: string): Promise<string> => {
      const lines = Object.entries(signed(method, target).headers).map(([name, value]) => `${name}: ${value}\r\n`);
      const socket = connect(server.port, "127.0.0.1");
      socket.end(`${method} ${target} HTTP/1.1\r\n${lines.join("")}connection: close\r\n${rest}`);
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    };
    const target = `/${BUCKET}/refused`;
    const missing = /^HTTP\/1\.1 411 .*<Code>MissingContentLength</s;
    expect(await answerTo("PUT", target, "\r\n")).toMatch(missing);
    expect(await answerTo("POST", `${target}?uploads=`, "\r\n")).toMatch(missing);
    expect(await answerTo("PUT", target, "transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")).toMatch(
      /^HTTP\/1\.1 501 .*<Code>NotImplemented</s,
    );
    expect(await isMissing("refused")).toBe(true);
  });

  it("in signed chunks are stored without a trace of them", async () => {
    const target = `/${BUCKET}/signed-chunks`;
    const parts = [Buffer.alloc(8192, "a"), Buffer.from("end"), Buffer.alloc(0)];
    const { headers, signature, sign, amzDate, scope } = signed(
      "PUT",
      target,
      { "x-amz-decoded-content-length": "8195", "content-encoding": "aws-chunked,gzip" },
      "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    );
    const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
    let previous = signature;
    const body = Buffer.concat(
      parts.flatMap((part) => {
        const text = ["AWS4-HMAC-SHA256-PAYLOAD", amzDate, scope, previous, sha256(Buffer.alloc(0)), sha256(part)].join(
          "\n",
        );
        previous = sign(text);
        return [Buffer.from(`${part.length.toString(16)};chunk-signature=${previous}\r\n`), part, Buffer.from("\r\n")];
      }),
    );
    expect((await send(server.url + target, { method: "PUT", headers, body })).status).toBe(200);
    expect(await content("signed-chunks")).toBe(`${"a".repeat(8192)}end`);
    const head = await s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: "signed-chunks" }));
    expect(head.ContentEncoding).toBe("gzip");
    // One byte of a chunk changes on the way.
    const damaged = Buffer.from(body);
    damaged[200] = (damaged[200] ?? 0) ^ 1;
    const refused = await send(`${server.url}/${BUCKET}/signed-chunks`, { method: "PUT", headers, body: damaged });
    expect([refused.status, refused.code]).toEqual([403, "SignatureDoesNotMatch"]);
  });

  it("of another length than announced in their chunks are IncompleteBody", async () => {
    const target = `/${BUCKET}/refused`;
    const claims = { "x-amz-decoded-content-length": "4", "x-amz-trailer": "x-amz-checksum-crc32" };
    const { headers } = signed("PUT", target, claims, "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    const body = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    const { status, code } = await send(server.url + target, { method: "PUT", headers, body });
    expect([status, code]).toEqual([400, "IncompleteBody"]);
    expect(await isMissing("refused")).toBe(true);
  });

  it("that are refused half way leave the connection fit for the next request", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { url, fields } = await createPresignedPost(s3, {
      Bucket: BUCKET,
      Key: "too-large",
      Conditions: [["content-length-range", 0, 10]],
    });
    const boundary = "b";
    const form = Object.entries(fields)
      .map(([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
      .join("");
    const body = Buffer.concat([
      Buffer.from(`${form}--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n`),
      Buffer.alloc(20_000_000),
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]);
    const headers = { "content-type": `multipart/form-data; boundary=${boundary}`, "content-length": body.length };
    const statusOf = async (target: string, options: object, sent?: Buffer): Promise<[number | undefined, unknown]> => {
      const request = httpRequest(target, { agent, ...options });
      const answered = once(request, "response");
      request.end(sent);
      const [response] = (await answered) as [IncomingMessage];
      const socket = response.socket.localPort;
      response.resume();
      await once(response, "end");
      return [response.statusCode, socket];
    };
    const [refused, first] = await statusOf(url, { method: "POST", headers }, body);
    const [next, second] = await statusOf(`${server.url}/${BUCKET}/k`, {
      headers: signed("GET", `/${BUCKET}/k`).headers,
    });
    expect([refused, next]).toEqual([400, 200]);
    expect(second).toBe(first);
    agent.destroy();
  });

  it("that wait for 100 Continue are refused before they are sent", async () => {
    const { headers } = signed("PUT", "/missing-bucket/k", { expect: "100-continue" });
    const request = httpRequest(`${server.url}/missing-bucket/k`, {
      method: "PUT",
      headers: { ...headers, "content-length": 1000 },
    });
    let continued = false;
    request.on("continue", () => (continued = true));
    const answered = once(request, "response");
    request.flushHeaders();
    const [response] = (await answered) as [IncomingMessage];
    expect(response.statusCode).toBe(404);
    expect(response.headers.connection).toBe("close");
    expect(continued).toBe(false);
    request.destroy();
  });
});

it("of two uploads that both found the key free, the one that ends first has it", async () => {
  const begin = async () => {
    const target = `/${BUCKET}/contested`;
    const { headers } = signed("PUT", target, { "if-none-match": "*", expect: "100-continue" });
    const request = httpRequest(server.url + target, { method: "PUT", headers: { ...headers, "content-length": 4 } });
    const answered = once(request, "response");
    request.flushHeaders();
    // The server lets the body come, so it has looked: there was nothing.
    await once(request, "continue");
    return async (): Promise<number | undefined> => {
      request.end("body");
      const [response] = (await answered) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
  };
  const [first, second] = [await begin(), await begin()];
  expect([await second(), await first()]).toEqual([200, 412]);
});

it("metadata may have names that JavaScript has a use for", async () => {
  const headers = { "x-amz-meta-__proto__": "a", "x-amz-meta-constructor": "b" };
  expect((await ask("PUT", `/${BUCKET}/names`, { headers, body: "x" })).status).toBe(200);
  expect((await ask("HEAD", `/${BUCKET}/names`)).headers).toMatchObject({ "x-amz-meta-constructor": "b" });
  expect(Object.entries((await ask("HEAD", `/${BUCKET}/names`)).headers)).toContainEqual(["x-amz-meta-__proto__", "a"]);
});

describe("documents", () => {
  it("need a digest where S3 wants one", async () => {
    for (const target of [
      `/${BUCKET}?delete`,
      `/${BUCKET}?cors`,
      `/${BUCKET}?lifecycle`,
      `/${BUCKET}?publicAccessBlock`,
    ]) {
      const { status, code } = await ask(target.endsWith("delete") ? "POST" : "PUT", target, { body: "<X/>" });
      expect([target, status, code]).toEqual([target, 400, "InvalidRequest"]);
    }
  });

  it("that are not well-formed are MalformedXML", async () => {
    const body = "<Delete><Object><Key>k</Key></Object>";
    const headers = { "content-md5": createHash("md5").update(body).digest("base64") };
    const { status, code } = await ask("POST", `/${BUCKET}?delete`, { body, headers });
    expect([status, code]).toEqual([400, "MalformedXML"]);
    expect(await content("k")).toBe("kept");
  });

  it("of errors name request, resource and what was wrong", async () => {
    const answer = await ask("GET", `/${BUCKET}/missing%26`);
    expect(answer.body).toContain("<Key>missing&amp;</Key>");
    expect(answer.body).toContain(`<Resource>/${BUCKET}/missing%26</Resource>`);
    expect(answer.body).toContain(`<RequestId>${String(answer.headers["x-amz-request-id"])}</RequestId>`);
    expect(answer.headers["content-type"]).toBe("application/xml");
  });
});

describe("anonymous requests", () => {
  it("may not ask for other response headers, even where they may read", async () => {
    const open = await s3Server({ publicPrefixes: [`${BUCKET}/open/`] });
    const client = new S3Client({
      endpoint: open.url,
      region: open.region,
      credentials: open.credentials,
      forcePathStyle: true,
    });
    try {
      await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
      await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: "open/k", Body: "x" }));
      expect((await send(`${open.url}/${BUCKET}/open/k`)).body).toBe("x");
      expect((await send(`${open.url}/${BUCKET}/open/k?response-content-type=text%2Fhtml`)).status).toBe(400);
      expect((await send(`${open.url}/${BUCKET}/closed`)).status).toBe(403);
    } finally {
      client.destroy();
      await open.close();
    }
  });
});

describe("the server", () => {
  it("starts in less than 100 ms, on the loopback interface, and ends its connections with itself", async () => {
    // The best of some starts: the machine may have other work at any moment.
    const tookMs: number[] = [];
    for (let start = 0; start < 10; start++) {
      const started = performance.now();
      const one = await s3Server();
      tookMs.push(performance.now() - started);
      await one.close();
    }
    expect(Math.min(...tookMs)).toBeLessThan(100);
    const other = await s3Server();
    const socket = connect(other.port, "127.0.0.1");
    await once(socket, "connect");
    expect(socket.remoteAddress).toBe("127.0.0.1");
    const closed = once(socket, "close");
    await other.close();
    await other.close();
    await closed;
    await expect(fetch(other.url)).rejects.toThrow("fetch failed");
  });

  it("says so when its port is taken", async () => {
    await expect(s3Server({ port: server.port })).rejects.toThrow("EADDRINUSE");
  });

  it("counts its requests", async () => {
    const before = server.requests();
    await s3.send(new HeadBucketCommand({ Bucket: BUCKET }));
    expect(server.requests()).toBe(before + 1);
  });
});

describe("S28 an object in an archive", () => {
  it("is listed with its storage class, has a HEAD, and cannot be read or copied", async () => {
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: "cold", Body: "ice", StorageClass: "DEEP_ARCHIVE" }));
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: "cold" }));
    expect(Contents).toMatchObject([{ Key: "cold", StorageClass: "DEEP_ARCHIVE", Size: 3 }]);
    expect((await s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: "cold" }))).StorageClass).toBe("DEEP_ARCHIVE");
    const refused = { name: "InvalidObjectState", $metadata: { httpStatusCode: 403 } };
    await expect(s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: "cold" }))).rejects.toMatchObject(refused);
    const copy = new CopyObjectCommand({ Bucket: BUCKET, Key: "warm", CopySource: `${BUCKET}/cold` });
    await expect(s3.send(copy)).rejects.toMatchObject(refused);
  });

  it("cannot be made by an upload in parts here, which is said", async () => {
    const upload = new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: "cold", StorageClass: "GLACIER" });
    await expect(s3.send(upload)).rejects.toMatchObject({ name: "NotImplemented" });
  });
});
