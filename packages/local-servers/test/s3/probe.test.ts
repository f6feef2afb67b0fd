import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findS3Endpoint, requireEngine, S3_ENDPOINT_HINT, type S3Server, s3Server } from "../../src/index.ts";
import type { Check } from "./probe/check.ts";
import { CHECKS } from "./probe/checks.ts";
import { CEPH_DEVIATIONS, CEPH_RELEASES, type CephRelease, type Deviation } from "./probe/ceph-deviations.ts";
import { cephRelease } from "./probe/ceph-release.ts";
import { LEFT_OUT } from "./probe/left-out.ts";
import { type ProbeRun, type Service, startProbe } from "./probe/run-probe.ts";

/**
 * The same checks, each of which says what AWS documents, against the local server and against Ceph. The local server
 * has to pass them all, so whatever Ceph passes, it passes: it cannot drift into being kinder than a real service.
 */
const nameOf = ({ group, title }: Check): string => `${group}: ${title}`;
const engine = requireEngine("S3 service", await findS3Endpoint(), S3_ENDPOINT_HINT);
const ceph = engine?.profile === "ceph" ? engine : undefined;
if (engine !== undefined && ceph === undefined) {
  process.stderr.write(
    `\n*** SKIPPED: the S3 service here is ${engine.profile}; only for Ceph there is a table. ***\n\n`,
  );
}
const release = ceph && (await releaseOf(ceph));

async function releaseOf(service: Service): Promise<CephRelease> {
  const run = await startProbe(service);
  try {
    return await cephRelease(run);
  } finally {
    await run.end();
  }
}

function deviationOn(on: CephRelease | undefined, check: Check): Deviation | undefined {
  const deviation = CEPH_DEVIATIONS[nameOf(check)];
  return on !== undefined && deviation?.on.includes(on) === true ? deviation : undefined;
}

it("the tables name checks that exist", () => {
  const names = new Set(CHECKS.map(nameOf));
  expect(names.size).toBe(CHECKS.length);
  for (const name of [...Object.keys(LEFT_OUT), ...Object.keys(CEPH_DEVIATIONS)]) expect(names).toContain(name);
});

const AS_AWS = /^as AWS documents$/;
/** Any text but that one: what a check throws when a service does it otherwise. */
const OTHERWISE = /^(?!as AWS documents$)/;
/** 16 stays as it is; a release that is told by its behaviour to be like 18 or 20 may be a newer one, and mended. */
const stillOtherwise = release === "ceph16" ? OTHERWISE : /^/;

/** What a check throws, as text. */
async function outcome(run: ProbeRun, check: Check): Promise<string> {
  try {
    await run.run(check);
    return "as AWS documents";
  } catch (error) {
    return `${String(error)}\n${error instanceof Error ? error.message : ""}`;
  }
}

function probeOf(start: () => Promise<{ readonly run: ProbeRun; end(): Promise<void> }>) {
  const state: { run?: ProbeRun; end?: () => Promise<void> } = {};
  beforeAll(async () => {
    Object.assign(state, await start());
  });
  afterAll(async () => {
    await state.run?.end();
    await state.end?.();
  });
  return (check: Check): Promise<string> => {
    if (state.run === undefined) throw new Error("The probe has not started.");
    return outcome(state.run, check);
  };
}

async function probeOwn(options: Parameters<typeof s3Server>[0] = {}) {
  const server: S3Server = await s3Server(options);
  const run = await startProbe({ endpoint: server.url, region: server.region, credentials: server.credentials });
  return { run, end: () => server.close() };
}

describe("the local S3 server does as AWS documents", () => {
  const result = probeOf(() => probeOwn());
  it.each(
    CHECKS.map((check) => {
      const refusal = LEFT_OUT[nameOf(check)];
      const title = refusal === undefined ? nameOf(check) : `${nameOf(check)} (left out: ${refusal})`;
      return { title, check, expected: refusal === undefined ? AS_AWS : new RegExp(refusal) };
    }),
  )("$title", async ({ check, expected }) => {
    expect(await result(check)).toMatch(expected);
  });
});

describe.skipIf(ceph === undefined)(`${release ?? "Ceph"} does as AWS documents, but for what is in its table`, () => {
  const result = probeOf(async () => {
    if (ceph === undefined) throw new Error("skipped, so never called");
    return { run: await startProbe(ceph), async end() {} };
  });
  it.each(
    CHECKS.map((check) => {
      const deviation = deviationOn(release, check);
      const title = deviation === undefined ? nameOf(check) : `${nameOf(check)} (deviates: ${deviation.seen})`;
      return { title, check, expected: deviation === undefined ? AS_AWS : stillOtherwise };
    }),
  )("$title", async ({ check, expected }) => {
    expect(await result(check)).toMatch(expected);
  });
});

describe.each(CEPH_RELEASES)("the profile %s deviates where Ceph does", (profile) => {
  const result = probeOf(() => probeOwn({ profile }));
  it.each(
    CHECKS.filter((check) => LEFT_OUT[nameOf(check)] === undefined).map((check) => {
      const deviates = deviationOn(profile, check)?.inProfile === "alike";
      return { title: nameOf(check), check, expected: deviates ? OTHERWISE : AS_AWS };
    }),
  )("$title", async ({ check, expected }) => {
    expect(await result(check)).toMatch(expected);
  });
});
