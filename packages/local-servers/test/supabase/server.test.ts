import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, test, vi } from "vitest";
import { supabaseServer } from "../../src/supabase/index.ts";
import { clientWith, IS_LOCAL } from "./target.ts";

const MIB = 1024 * 1024;

async function inDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "bucketferry-check-"));
  try {
    await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

describe("the server itself", () => {
  test.runIf(IS_LOCAL)("what is in the directory is there again after a restart, unfinished uploads too", async () => {
    await inDirectory(async (directory) => {
      const options = { directory, jwtSecret: "the same" };
      const first = await supabaseServer(options);
      const client = clientWith(first.storageUrl, first.serviceKey);
      await client.createBucket("kept", { public: true, fileSizeLimit: "1MB" });
      const headers = { authorization: `Bearer ${first.serviceKey}` };
      await client.from("kept").upload("dir/k", Buffer.from("kept"), { metadata: { a: 1 } });
      const before = await (await fetch(`${first.storageUrl}/object/info/kept/dir/k`, { headers })).json();
      const created = await fetch(`${first.storageUrl}/upload/resumable`, {
        method: "POST",
        headers: {
          ...headers,
          "tus-resumable": "1.0.0",
          "upload-length": "4",
          "content-type": "application/offset+octet-stream",
          "upload-metadata": `bucketName ${btoa("kept")},objectName ${btoa("resumed")}`,
        },
        body: "ab",
      });
      const id = created.headers.get("location")?.split("/").at(-1);
      await first.close();

      const second = await supabaseServer(options);
      const again = { authorization: `Bearer ${second.serviceKey}` };
      expect(await (await fetch(`${second.storageUrl}/object/info/kept/dir/k`, { headers: again })).json()).toEqual(
        before,
      );
      expect(await (await fetch(`${second.storageUrl}/object/public/kept/dir/k`)).text()).toBe("kept");
      const { data } = await clientWith(second.storageUrl, second.serviceKey).getBucket("kept");
      expect(data).toMatchObject({ public: true, file_size_limit: 1_000_000 });
      const patched = await fetch(`${second.storageUrl}/upload/resumable/${id}`, {
        method: "PATCH",
        headers: {
          ...again,
          "tus-resumable": "1.0.0",
          "upload-offset": "2",
          "content-type": "application/offset+octet-stream",
        },
        body: "cd",
      });
      expect(patched.headers.get("tus-complete")).toBe("1");
      expect(await (await fetch(`${second.storageUrl}/object/public/kept/resumed`)).text()).toBe("abcd");
      await second.close();
    });
  });

  test.runIf(IS_LOCAL)("without a directory nothing stays after close", async () => {
    // A place of its own for temporary files: in the usual one, other test files make some at the same time.
    await inDirectory(async (directory) => {
      vi.stubEnv("TMPDIR", directory);
      try {
        const server = await supabaseServer();
        expect(await readdir(directory)).toEqual([expect.stringMatching(/^bucketferry-supabase-/)]);
        await server.close();
        expect(await readdir(directory)).toEqual([]);
      } finally {
        vi.unstubAllEnvs();
      }
    });
  });

  test.runIf(IS_LOCAL)("close ends connections that are in the middle of something", async () => {
    const server = await supabaseServer();
    await clientWith(server.storageUrl, server.serviceKey).createBucket("b");
    const endless = new ReadableStream({
      pull: (controller) => {
        controller.enqueue(new Uint8Array(10));
        return new Promise((resolve) => setImmediate(resolve));
      },
    });
    const upload = fetch(`${server.storageUrl}/object/b/k`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.serviceKey}` },
      body: endless,
      duplex: "half",
    } as RequestInit);
    const failure = upload.then(
      () => undefined,
      (error: unknown) => error,
    );
    await expect.poll(() => server.requests().at(-1)?.method).toBe("POST");
    await server.close();
    expect(await failure).toMatchObject({ message: "fetch failed" });
  });

  test.runIf(IS_LOCAL)("the time is the clock's, and tokens are the secret's", async () => {
    const clock = (): number => Date.UTC(2031, 0, 1);
    const server = await supabaseServer({ clock, jwtSecret: "s" });
    expect(server.now().toISOString()).toBe("2031-01-01T00:00:00.000Z");
    const client = clientWith(server.storageUrl, server.signUserToken("u1"));
    server.setPolicies({ authenticated: () => true });
    expect((await client.createBucket("mine")).error).toBeNull();
    expect((await client.getBucket("mine")).data).toMatchObject({
      owner: "u1",
      created_at: expect.stringMatching(/^2031-01-01T00:00:00/),
    });
    await server.close();
  });

  test.runIf(IS_LOCAL)("512 MiB pass through, both ways, with the memory of some chunks", async () => {
    const server = await supabaseServer({ globalFileSizeLimit: 1024 * MIB });
    const headers = { authorization: `Bearer ${server.serviceKey}` };
    await clientWith(server.storageUrl, server.serviceKey).createBucket("b");
    const total = 512;
    const chunk = Buffer.alloc(MIB, "z");
    let peakBytes = 0;
    const start = process.memoryUsage().rss;
    const watch = (): void => {
      peakBytes = Math.max(peakBytes, process.memoryUsage().rss - start);
    };
    const source = Readable.from(
      (function* () {
        for (let index = 0; index < total; index += 1) {
          watch();
          yield chunk;
        }
      })(),
    );
    const uploaded = await fetch(`${server.storageUrl}/object/b/big`, {
      method: "POST",
      headers,
      body: Readable.toWeb(source),
      duplex: "half",
    } as RequestInit);
    expect(uploaded.status).toBe(200);
    const response = await fetch(`${server.storageUrl}/object/b/big`, { headers });
    let bytes = 0;
    for await (const piece of response.body ?? []) {
      bytes += piece.length;
      watch();
    }
    expect(bytes).toBe(total * MIB);
    expect(peakBytes / MIB).toBeLessThan(total / 2);
    await server.close();
  });
});
