/** Why nobody would cover a camera, in the words of this page; what the box says otherwise stays as it says it. */
import type { PlanCamera } from '../../../api/protection.ts';
import { tOr as shellWord } from '../../../messages/messages.ts';
import { t } from '../../../messages/protection/words.ts';

/** Details of the plan (src/failover/plan.ts, src/control/site-plan.ts); `test/web/pages/protection` holds both together. */
export const DETAILS = {
  'Its priority is Never.': 'why.never',
  'There is no room for all cameras of its server, so none is covered.': 'why.whole',
  'All seats of the licence are taken.': 'why.seat',
  'No failover server has a free channel.': 'why.channel',
  'No failover server is there.': 'why.nobody',
  'No failover server reaches this camera.': 'why.reach',
  'One server is covered at a time, and another one failed first.': 'why.one',
  'No failover server that is there has this server in its list.': 'why.list',
} as const;
/** Where no detail is told, as by a failover server that is no host. */
const CAUSES = {
  'not-covered-priority': 'why.never',
  'not-covered-seat': 'why.seat',
  'not-covered-channel': 'why.channel',
  'not-reachable-from-failover': 'why.reach',
} as const;
const isKey = <T extends object>(table: T, key: string | undefined): key is keyof T & string =>
  key !== undefined && key in table;

type Told = { readonly cause?: PlanCamera['cause'] | undefined; readonly detail?: string | undefined };
export function whyLeft({ cause, detail }: Told): string {
  if (isKey(DETAILS, detail)) return t(DETAILS[detail]);
  if (detail !== undefined) return detail.replace(/\.$/, '');
  if (isKey(CAUSES, cause)) return t(CAUSES[cause]);
  return cause === undefined ? t('cause.none') : shellWord(`cause.${cause}`, cause);
}
