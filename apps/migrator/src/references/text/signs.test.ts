import { describe, expect, test } from "vitest";
import { signFinder, signsOfSources, signsOfTargets, withoutNarrower } from "./signs.ts";

type Side = Parameters<typeof signsOfSources>[0][number];

function side({ urlHosts = ["ref.supabase.co", "*.supabase.co"], ...rest }: Partial<Side>): Side {
  return {
    name: "s",
    bucket: "b",
    urlHosts,
    parseUrl: () => undefined,
    publicUrl: () => "https://x.example/x",
    ...rest,
  };
}

describe("the signs of a URL", () => {
  test("are the words of a path that all URLs of the source have, and its hosts in lower case", () => {
    expect(signsOfSources([side({ urlPathPart: "/storage/v1/" })])).toEqual([
      { texts: ["storage", "v1"], anyCase: false },
      { texts: ["supabase.co"], anyCase: false },
    ]);
  });

  test("are the hosts in any case, and the stem of the path, where URLs have no path in common", () => {
    const publicUrl = (key: string): string => `https://Media.example/Files/Public/${key}`;
    expect(signsOfSources([side({ urlHosts: ["media.example:8443"], publicUrl })])).toEqual([
      { texts: ["media.example"], anyCase: true },
      { texts: ["files", "public"], anyCase: true },
    ]);
  });

  test("of targets are the hosts as a rewrite writes them", () => {
    const publicUrl = (key: string): string => `https://CDN.example/a/${key}`;
    expect(signsOfTargets([side({ urlHosts: ["cdn.example"], publicUrl })])).toEqual([
      { texts: ["cdn.example"], anyCase: false },
      { texts: ["CDN.example"], anyCase: false },
    ]);
  });

  test("are left out where a wider one finds the same, one of two that are alike stays", () => {
    const exact = (...texts: string[]) => ({ texts, anyCase: false });
    const loose = (...texts: string[]) => ({ texts, anyCase: true });
    expect(withoutNarrower([exact("a.b.example"), exact("b.example"), exact("b.example")])).toEqual([
      exact("b.example"),
    ]);
    expect(withoutNarrower([exact("B.example"), loose("b.example")])).toEqual([loose("b.example")]);
    expect(withoutNarrower([loose("b.example"), exact("b.example")])).toEqual([loose("b.example")]);
    expect(withoutNarrower([exact("b.example"), loose("c.b.example")])).toHaveLength(2);
    expect(withoutNarrower([exact("storage", "v1"), exact("storage")])).toEqual([exact("storage")]);
  });

  test("are found when all of their texts are there, in their case or in any", () => {
    const finds = signFinder([
      { texts: ["storage", "v1"], anyCase: false },
      { texts: ["media.example"], anyCase: true },
    ]);
    expect(["/v1/storage", "storage", "STORAGE v1", "MEDIA.example", "mediaXexample"].map(finds)).toEqual([
      true,
      false,
      false,
      true,
      false,
    ]);
  });
});
