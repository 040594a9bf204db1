/** Failures, each from the first suspicion to the last returned fragment: the list, or one incident as its address names it. */
import type { VNode } from 'preact';
import { path } from '../../app/router.ts';
import { access } from '../../app/session.ts';
import { Page } from '../../app/shell.tsx';
import { t } from '../../messages/incidents/words.ts';
import { t as shell } from '../../messages/messages.ts';
import { Empty } from '../../ui/dialog.tsx';
import { IncidentList } from './incident-list.tsx';
import { IncidentView } from './incident-view.tsx';
import { placeOf } from './places.ts';
import './incidents.css';
import './print.css';

export function IncidentsPage(): VNode {
  const now = access.value;
  if (now.kind === 'signed-in' && now.session.user.role === 'viewer')
    return (
      <Page title={shell('nav.incidents')}>
        <Empty icon="key" title={t('noRight.title')} text={t('noRight.text')} />
      </Page>
    );
  const place = placeOf(path.value);
  return place === undefined ? <IncidentList /> : <IncidentView key={`${place.at} ${place.id}`} {...place} />;
}
