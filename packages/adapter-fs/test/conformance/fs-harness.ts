import { createReadStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Harness, Variant } from "@bucketferry/storage-core/conformance";
import { providerFrom, type StorageDriver, type StorageProvider } from "@bucketferry/storage-core/provider";
import { checkDirectory, DIRECTORY_PROBES, type DirectoryProbes } from "../../src/fs-check.ts";
import { FsDriver } from "../../src/fs-driver.ts";
import { fsLayout } from "../../src/fs-layout.ts";

/** What the system says when a directory has this wrong with it; as root, no permission of a file would say it. */
const SYSTEM_ERROR_OF: Partial<Record<Variant, (method: string) => string | undefined>> = {
  forbidden: () => "EACCES",
  readOnly: (method) => (WRITES.has(method) ? "EROFS" : undefined),
  outage: () => "EAGAIN",
};

const WRITES = new Set(["put", "delete", "deleteBatch", "copy", "create", "uploadPart", "complete", "abort"]);

const NO_CREDENTIALS = "a directory has no credentials";

export async function fsHarness(): Promise<Harness> {
  const directory = await mkdtemp(join(tmpdir(), "bucketferry-fs-"));
  const server = createServer((request, response) => void serve(directory, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const publicBaseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/files`;
  const host = new URL(publicBaseUrl).host;
  let calls = 0;

  const provider = (at: string, fault: (method: string) => string | undefined = () => undefined): StorageProvider => {
    const driver = new FsDriver({ directory: at, publicBaseUrl, durable: false });
    const failing = (method: string, probe: DirectoryProbes["find"]): DirectoryProbes["find"] => {
      const code = fault(method);
      return code === undefined ? probe : () => Promise.reject(systemError(code));
    };
    const { find, list, write } = DIRECTORY_PROBES;
    const probes = { find, list: failing("listPage", list), write: failing("put", write) };
    driver.check = (options) => checkDirectory(fsLayout(at), options, probes);
    return providerFrom(
      watched(driver, (method) => {
        calls += 1;
        const code = fault(method);
        if (code !== undefined && method !== "check") throw systemError(code);
      }),
    );
  };

  return {
    name: "fs",
    createProvider: async () => provider(directory),
    async createVariant(variant) {
      if (variant === "missingBucket") return provider(join(directory, "..", "bucketferry-no-such-directory"));
      return provider(directory, SYSTEM_ERROR_OF[variant]);
    },
    requests: () => calls,
    fetch: (url, init) => fetch(url, init),
    without: {
      faults: "there is no network between a process and its disk",
      "variant:wrongCredentials": NO_CREDENTIALS,
      "variant:expiredCredentials": NO_CREDENTIALS,
      "variant:skewedClock": "no clock but the system's takes part",
      "variant:wrongRegion": "a directory has no region",
    },
    urls: {
      issued: [
        { url: `${publicBaseUrl}/a/b.png`, key: "a/b.png", kind: "public" },
        { url: `${publicBaseUrl}/a%20b.png?v=1#top`, key: "a b.png", kind: "public" },
      ],
      foreign: [
        `http://other.example/files/a.png`,
        `http://${host}/elsewhere/a.png`,
        `ftp://${host}/files/a.png`,
        `${publicBaseUrl}2/a.png`,
        `${publicBaseUrl}/%E0%A4%A`,
      ],
    },
    async destroy() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made by the test`), { code });
}

/** Tells of every call before it is made. */
function watched(driver: StorageDriver, onCall: (method: string) => void): StorageDriver {
  const watch = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, name) {
        const member: unknown = Reflect.get(object, name, object);
        if (name === "multipart") return watch(member as object);
        if (typeof member !== "function" || PURE.has(String(name)))
          return typeof member === "function" ? member.bind(object) : member;
        return async (...args: unknown[]) => {
          onCall(String(name));
          return (member as (...args: unknown[]) => unknown).apply(object, args);
        };
      },
    });
  return watch(driver);
}

/** Calls that touch no disk; and `multipart.list`, which is an iterator and no promise. */
const PURE = new Set(["classify", "publicUrl", "parseUrl", "close", "list", "ensureBucket"]);

/** A web server of the plainest kind, to show that public URLs work outside of us. */
async function serve(directory: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = decodeURIComponent((request.url ?? "/").replace(/\?.*$/, "").replace(/^\/files\//, ""));
  const file = join(directory, path);
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { "content-length": found.size });
  createReadStream(file).pipe(response);
}
