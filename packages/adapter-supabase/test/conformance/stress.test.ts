import { conformanceTests } from "@bucketferry/storage-core/conformance/vitest";
import { localSupabaseHarness } from "./supabase-harness.ts";

/**
 * L07, L08, L11 and L12 script the one request that a `get` is elsewhere; here it is two, and the script hits the wrong
 * one. `under-layers.test.ts` shows the same promises with scripts of its own.
 */
const CASES = ["A28", "A29", "F08", "I09", "I10", "L06", "L09", "L10", "L13", "L14", "X05"];

conformanceTests(() => localSupabaseHarness({ backend: "file" }), {
  title: "the slow part of the storage contract on a local Supabase",
  levels: ["stress"],
  only: CASES,
});
