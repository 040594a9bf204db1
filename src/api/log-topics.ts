/** Subjects of the activity log: which codes of entries belong to each. `*` stands for anything. */
export const LOG_TOPICS = ['failover'] as const;
export type LogTopic = (typeof LOG_TOPICS)[number];

const CODES: Readonly<Record<LogTopic, readonly string[]>> = {
  failover: [
    'failover/*',
    'cover/*',
    'command-*',
    'covered-footage-full',
    'handed-over',
    'hand-over-incomplete',
    // Footage on its way home, and what stands against it.
    'restoration*',
    'footage/*',
    'smb-*',
    'footage-home',
    'account-received',
    'receipt-key-changed',
    // Rehearsals, and what covering needs.
    'drill-*',
    'probe-*',
    'readiness-*',
    'backup-*',
    'clock-off',
    'clock-right',
    // Who is who, and who was not let in.
    'pairing-refused',
    'server-refused',
    'server-unsuited',
    'server-suited',
    'stranger-refused',
    'replace*',
    'adopted',
    'host-*',
  ],
};

export const codesOf = (topic: LogTopic): readonly string[] => CODES[topic];
