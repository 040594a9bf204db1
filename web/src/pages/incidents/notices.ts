/** What is said on any page when an incident opens or is over. Loaded when there is something to say. */
import type { LiveEvent } from '../../api/api.ts';
import { server } from '../../app/stores.ts';
import { toast } from '../../app/toasts.tsx';
import { t } from '../../messages/incidents/words.ts';
import { wordsReady } from '../../messages/messages.ts';
import { duration } from '../../ui/format.ts';
import { incidentPath } from './places.ts';

export type IncidentEvent = Extract<LiveEvent, { readonly kind: 'incident' }>;
/** The same may come by several ways: from this box, and relayed by its host. */
const said = new Set<string>();
const MAX_SAID = 200;

export async function tellOf(event: IncidentEvent): Promise<void> {
  const { incidentId: id, news, by, protected: whose } = event;
  const key = `${id} ${news}`;
  if (news === 'changed' || said.has(key)) return;
  said.add(key);
  for (const oldest of said) if (said.size > MAX_SAID) said.delete(oldest);
  await wordsReady();
  // A protected server has its report from the one that covered it, under its own address.
  const at = whose.id === server.peek()?.id ? whose.id : by.id;
  toast(textOf(event), news === 'opened' ? 'bad' : 'good', { to: incidentPath(at, id), text: t('news.show') });
}

function textOf({ news, by, protected: whose, missingSeconds, files }: IncidentEvent): string {
  const values = { server: whose.name, by: by.name, time: duration(missingSeconds) };
  if (news === 'opened') return t('news.opened', values);
  if (files === 0) return t('news.closedNone', values);
  return t(missingSeconds > 0 ? 'news.closedMissing' : 'news.closed', values);
}
