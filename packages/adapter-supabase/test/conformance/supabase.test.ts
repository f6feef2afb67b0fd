import { conformanceTests } from "@bucketferry/storage-core/conformance/vitest";
import { localSupabaseHarness } from "./supabase-harness.ts";

conformanceTests(() => localSupabaseHarness({ backend: "file" }), {
  title: "the storage contract on a local Supabase over files",
});

conformanceTests(() => localSupabaseHarness({ backend: "s3" }), {
  title: "the storage contract on a local Supabase over S3",
});

conformanceTests(() => localSupabaseHarness({ backend: "file", publicBucket: true }), {
  title: "the URLs of the storage contract on a public bucket",
  only: ["J01", "J02", "J08", "J11", "J13"],
});
