/** `/cameras/{id}/ledger`: every second accounted for. */
import type { AccountSpan } from '../../ledger/account.ts';
import { totalsOf } from '../../ledger/account.ts';
import { ledger } from '../contract/footage.ts';
import type { LedgerSpan } from '../contract/footage.ts';
import type { FootageAccess } from '../footage-access.ts';
import { isoOfNumber, noSuchCamera, rangeOfQuery } from '../footage-query.ts';
import { json, route } from '../route.ts';
import type { AnyRoute } from '../route.ts';
import { cameraParams, footageQuery } from './recordings.ts';

export type LedgerDeps = Pick<FootageAccess, 'isCamera' | 'accountOf' | 'serverNameOf'>;

export function ledgerRoutes(deps: LedgerDeps): readonly AnyRoute[] {
  return [
    route(
      {
        method: 'GET',
        path: '/cameras/:id/ledger',
        summary: 'Every second of the range: recorded, missing with a cause, or not expected.',
        access: 'viewer',
        camera: 'id',
        params: cameraParams,
        query: footageQuery,
        response: { json: ledger },
      },
      ({ params, query }) => {
        if (!deps.isCamera(params.id)) throw noSuchCamera(params.id);
        const account = deps.accountOf({ cameraId: params.id, stream: query.stream }, rangeOfQuery(query));
        const { recorded, returned, missing, notExpected } = totalsOf(account);
        const seconds = (ms: number): number => ms / 1000;
        return json({
          spans: account.map(toWire),
          totals: {
            recorded: seconds(recorded),
            returned: seconds(returned),
            missing: seconds(missing),
            notExpected: seconds(notExpected),
          },
        });
      },
    ),
  ];
}

function toWire(span: AccountSpan): LedgerSpan {
  const times = { start: isoOfNumber(span.start), end: isoOfNumber(span.end), state: span.state };
  if (span.state === 'not-expected') return times;
  if (span.state !== 'missing') return { ...times, recordedBy: span.recordedBy };
  return { ...times, cause: span.cause, ...(span.detail === '' ? {} : { detail: span.detail }) };
}
