/** Requests against their declared shape; unknown keys are refused and every issue names its path. */
import { z } from 'zod';
import { HttpError } from './problem.ts';
import type { Issue } from './problem.ts';
import type { AnyRouteSpec } from './route.ts';

export type Validated = { readonly params: never; readonly query: never };

/** More issues than this help nobody. */
const MAX_ISSUES = 20;

export function validatePlace(spec: AnyRouteSpec, params: unknown, query: unknown): Validated {
  return {
    params: validate(spec.params ?? z.object({}), params, 'path') as never,
    query: validate((spec.query ?? z.object({})).strict(), query, 'query') as never,
  };
}

export function validateBody(spec: AnyRouteSpec, body: unknown): never {
  if (spec.body === undefined) return undefined as never;
  return validate(strict(spec.body), body, 'body') as never;
}

const strict = (schema: z.ZodType): z.ZodType => (schema instanceof z.ZodObject ? schema.strict() : schema);

/** @throws HttpError 422 with `issues` */
export function validate(schema: z.ZodType, value: unknown, where: string): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.slice(0, MAX_ISSUES).flatMap((issue) => issuesOf(issue));
  const [first] = issues;
  const at = first === undefined || first.path === '' ? where : `${where}: ${first.path}`;
  throw new HttpError(422, 'http/invalid', `${at}: ${first?.message ?? 'not valid'}`, { issues });
}

function issuesOf(issue: z.core.$ZodIssue): readonly Issue[] {
  const path = issue.path.map(String);
  if (issue.code !== 'unrecognized_keys') return [{ path: path.join('.'), message: issue.message }];
  return issue.keys.slice(0, MAX_ISSUES).map((key) => ({
    path: [...path, key.slice(0, 64)].join('.'),
    message: 'This field does not exist here.',
  }));
}
