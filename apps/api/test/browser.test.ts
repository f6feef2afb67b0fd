import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PutBucketCorsCommand, S3Client } from "@aws-sdk/client-s3";
import { requireEngine } from "@bucketferry/local-servers";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { as, type ApiUser } from "./support/api-user.ts";
import { openWorld, type World } from "./support/world.ts";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);
const executablePath = requireEngine("Chromium", CHROMIUM, "Install Debian's package chromium.");
const LECTURE = join(import.meta.dirname, "support/lecture.m4a");

describe.each(["fs and SQLite", "S3 and Postgres"] as const)("a browser, on %s", (ground) => {
  let pages: Server;
  let browser: Browser | undefined;
  let world: World | undefined;
  let page: Page;
  let user: ApiUser;

  beforeAll(async () => {
    if (executablePath === undefined) return;
    pages = createServer((request, response) => {
      const isScript = request.url === "/tus.js";
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html; charset=utf-8");
      response.end(readFileSync(isScript ? tusBundle() : join(import.meta.dirname, "browser/page.html")));
    }).listen(0, "127.0.0.1");
    await once(pages, "listening");
    const address = pages.address();
    const origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    world = await openWorld(ground, { CORS_ORIGINS: origin });
    if (world === undefined) return;
    await allowOrigin(world, origin);
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    page = await browser.newPage();
    await page.goto(origin);
    await page.setInputFiles("#file", { name: "lecture.m4a", mimeType: "audio/mp4", buffer: readFileSync(LECTURE) });
    user = await as(world, "ada");
  });
  afterAll(async () => {
    await browser?.close();
    await world?.close();
    pages?.close();
  });

  it("uploads by a presigned POST and by tus with progress, and plays the audio with seeking", async (context) => {
    if (world === undefined || browser === undefined) return context.skip("no Chromium or no engine");
    const { url } = world;
    const direct = await user.lecture("Direct");
    const started = (await (
      await user.postJson("/uploads", {
        purpose: "lecture-audio",
        subjectId: direct.id,
        contentType: "audio/mp4",
        sizeBytes: readFileSync(LECTURE).byteLength,
        method: "POST",
      })
    ).json()) as { id: string; request: object };
    const posted = await call<{ status: number; progress: number[] }>("postForm", started.request);
    expect(posted.status).toBeGreaterThanOrEqual(200);
    expect(posted.status).toBeLessThan(300);
    expect(posted.progress.at(-1)).toBe(1);
    expect((await user.postJson(`/uploads/${started.id}/complete`, {})).status).toBe(200);

    const resumed = await user.lecture("Resumable");
    const token = user.authorization.replace("Bearer ", "");
    const metadata = { purpose: "lecture-audio", subjectId: resumed.id, filetype: "audio/mp4" };
    const { progress } = await call<{ progress: number[] }>("resumable", `${url}/tus`, token, metadata);
    expect(progress.length).toBeGreaterThan(2);
    expect(progress.at(-1)).toBe(1);

    for (const { id } of [direct, resumed]) {
      await vi.waitFor(
        async () => expect(await user.read(id)).toMatchObject({ status: "ready", codec: "MPEG-4/AAC" }),
        60_000,
      );
      const link = (await (await user.postJson(`/lectures/${id}/audio-link`, {})).json()) as { url: string };
      const played = await call<{ duration: number; at: number }>("playFrom", link.url, 1.5);
      expect(played.duration).toBeCloseTo(3, 0);
      expect(played.at).toBeGreaterThan(1.5);
    }
  }, 120_000);

  it("shows the documentation without any other host", async (context) => {
    if (world === undefined || browser === undefined) return context.skip("no Chromium or no engine");
    const docs = await browser.newPage();
    const hosts = new Set<string>();
    docs.on("request", (request) => hosts.add(new URL(request.url()).host));
    await docs.goto(`${world.url}/docs`);
    await docs.getByText("Upload a lecture's audio", { exact: false }).waitFor();
    expect([...hosts].filter((host) => host !== "")).toEqual([new URL(world.url).host]);
    await docs.close();
  });

  /** Calls a function of the page. */
  function call<T>(name: string, ...args: readonly unknown[]): Promise<T> {
    return page.evaluate(
      ([functionName, values]) =>
        (globalThis as unknown as Record<string, (...given: readonly unknown[]) => Promise<T>>)[functionName]?.(
          ...values,
        ) as Promise<T>,
      [name, args] as const,
    );
  }
});

function tusBundle(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve("tus-js-client/package.json")), "dist/tus.min.js");
}

/** What a bucket needs for pages that upload straight to it; a service without such a rule of its own needs none. */
async function allowOrigin({ service: { config, storage } }: World, origin: string): Promise<void> {
  if (storage.name !== "s3" || config.storageConfigFile === undefined) return;
  const side = JSON.parse(readFileSync(config.storageConfigFile, "utf8")) as {
    endpoint: string;
    region: string;
    accessKeyId: string;
    secretAccessKey: string;
  };
  const client = new S3Client({
    endpoint: side.endpoint,
    region: side.region,
    forcePathStyle: true,
    credentials: side,
  });
  const rule = { AllowedOrigins: [origin], AllowedMethods: ["GET", "PUT", "POST"], AllowedHeaders: ["*"] };
  await client.send(new PutBucketCorsCommand({ Bucket: storage.bucket, CORSConfiguration: { CORSRules: [rule] } }));
  client.destroy();
}
