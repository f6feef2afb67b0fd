import { conformanceTests } from "@bucketferry/storage-core/conformance/vitest";
import { it } from "vitest";
import { givenSupabase, givenSupabaseHarness } from "./supabase-harness.ts";

const given = givenSupabase;

it.skipIf(given === undefined)(
  "runs on a Supabase that SUPABASE_TEST_URL and SUPABASE_TEST_SERVICE_KEY name",
  ({ expect }) => {
    expect(URL.canParse(given?.url ?? "")).toBe(true);
  },
);

if (given !== undefined) {
  conformanceTests(() => givenSupabaseHarness(given), {
    title: `the storage contract on ${given.url}`,
    // What a project lacks for a case (a second key, a secret) is said beside the case.
    acceptSkipped: "all",
  });
}
