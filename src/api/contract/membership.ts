/** Servers that leave the site, are locked, found elsewhere; several at once. */
import { z } from 'zod';
import { CAMERA_CHOICES, MAX_PEERS } from '../../site/peer.ts';
import { serverAddress } from './common.ts';

const cameras = z.enum(CAMERA_CHOICES).default('keep');
const typedName = z.string().max(64);

/** `POST /servers/:id/detach`. */
export const detachRequest = z.strictObject({
  /** Of the server that leaves. Their footage stays there in any case. */
  cameras,
  /** Its name, typed: it leaves although footage is not home; one that is to leave already, and is away, is forgotten untold. */
  confirm: typedName.optional(),
  /** While footage is not home it waits for it, instead of being refused. */
  secure: z.boolean().optional(),
});
export const detachResult = z.object({
  id: z.string(),
  name: z.string(),
  /** `pending`: it is away, or has not answered; it is detached when it returns. Or, secured, when its footage is home. */
  state: z.enum(['detached', 'pending']),
  /** For a person. */
  message: z.string(),
});
export type DetachResult = z.infer<typeof detachResult>;

/** `PATCH /servers/:id`: what is absent stays. */
export const changeServerRequest = z
  .strictObject({
    /** Where it is found; `null`: it dials in. */
    host: serverAddress.nullable(),
    httpPort: z.number().int().min(1).max(65_535),
    peerPort: z.number().int().min(1).max(65_535),
    /** Security lock, at a host: changes made at that server itself are refused. */
    locked: z.boolean(),
  })
  .partial();

export const BULK_ACTIONS = ['enable', 'disable', 'lock', 'unlock', 'detach'] as const;
/** `POST /servers/bulk`: each for itself. */
export const bulkServersRequest = z.strictObject({
  ids: z.array(z.string().max(64)).min(1).max(MAX_PEERS),
  action: z.enum(BULK_ACTIONS),
  /** Of those that are detached. */
  cameras,
  /** Names, typed, of those to which it is done although footage is not home. */
  confirm: z.array(typedName).max(MAX_PEERS).default([]),
  /** Of those that are disabled or detached: while footage is not home they wait for it, instead of being refused. */
  secure: z.boolean().optional(),
});
export const bulkServersResult = z.object({
  /** In the order asked, each server once. */
  rows: z.array(
    z.object({
      id: z.string(),
      name: z.string().optional(),
      ok: z.boolean(),
      /** Of one that is detached; `pending` also of one that is disabled when its footage is home. */
      state: z.enum(['detached', 'pending']).optional(),
      /** Of a row that failed: as a single request would be refused; else what was done, where there is something to say. */
      code: z.string().optional(),
      message: z.string().optional(),
    }),
  ),
});
export type BulkServersResult = z.infer<typeof bulkServersResult>;
