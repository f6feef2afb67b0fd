import { conformanceTests } from "@bucketferry/storage-core/conformance/vitest";
import { localSupabaseHarness } from "./supabase-harness.ts";

conformanceTests(() => localSupabaseHarness({ backend: "file" }), {
  title: "the storage contract on Supabase over files",
});
conformanceTests(() => localSupabaseHarness({ backend: "s3" }), { title: "the storage contract on Supabase over S3" });
