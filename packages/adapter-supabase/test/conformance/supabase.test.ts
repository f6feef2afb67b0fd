import { CONFORMANCE_CASES } from "@bucketferry/storage-core/conformance";
import { conformanceTests } from "@bucketferry/storage-core/conformance/vitest";
import { localSupabaseHarness } from "./supabase-harness.ts";

conformanceTests(() => localSupabaseHarness({ backend: "file" }), {
  title: "the storage contract on a local Supabase over files",
});

conformanceTests(() => localSupabaseHarness({ backend: "s3" }), {
  title: "the storage contract on a local Supabase over S3",
});

conformanceTests(() => localSupabaseHarness({ backend: "file", release: "1.25" }), {
  title: "the storage contract on an older Supabase over files",
  // It fails on some ranges, which then cost a second look: all cases but that of the budgets.
  only: CONFORMANCE_CASES.map(({ id }) => id).filter((id) => id !== "X06"),
});

conformanceTests(() => localSupabaseHarness({ backend: "file", publicBucket: true }), {
  title: "the URLs of the storage contract on a public bucket",
  only: ["J01", "J02", "J08", "J11", "J13"],
});
