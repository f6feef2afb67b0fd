import { defineConfig } from "vitest/config";

const REQUIRED_NODE = 24;
// A failed automatic install does not fail the command that asked for it; then this would be some other Node.
if (Number(process.versions.node.split(".")[0]) < REQUIRED_NODE) {
  throw new Error(
    `The tests need Node ${REQUIRED_NODE}, which this workspace installs by itself, and run on ${process.version}. ` +
      "Run `npx -y pnpm@12 install --frozen-lockfile` and look at its first error.",
  );
}

const PROJECTS = [
  "packages/storage-core",
  "packages/http1",
  "packages/md5-lanes",
  "packages/adapter-s3",
  "packages/adapter-supabase",
  "packages/adapter-fs",
  "packages/config",
  "packages/ledger",
  "packages/local-servers",
  "apps/api",
  "apps/migrator",
  "bench",
];

export default defineConfig({
  resolve: { conditions: ["@bucketferry/source"] },
  ssr: { resolve: { conditions: ["@bucketferry/source", "node"] } },
  test: {
    reporters: ["default", "./tools/report/run-reporter.ts"],
    projects: PROJECTS.map((root) => ({
      extends: true,
      root,
      test: {
        name: root.split("/")[1] ?? root,
        include: ["src/**/*.test.ts", "test/**/*.test.ts"],
        pool: "forks",
        // For what never ends. A machine that is loaded, or slow by itself, takes many times as long as a desk.
        testTimeout: 120_000,
        hookTimeout: 120_000,
        // A second by default, which a loaded machine may spend on something else.
        expect: { poll: { timeout: 60_000 } },
      },
    })),
  },
});
