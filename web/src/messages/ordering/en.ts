/** English, and the list of the words of what is ordered under Failover > Activity: said when its dialog opens. */
export const en = {
  'stop.title': 'Stop the restoration to {server}?',
  'stop.text': 'What {server} does not have yet is deleted at {by} and booked as missing. It cannot be brought back.',
  'stop.home': 'At home already',
  'stop.homeText': '{size} in {n} files. They stay.',
  'stop.lost': 'Would be deleted',
  'stop.lostText': '{size} in {n} files, {time} of footage',
  'stop.lostSnapshots': 'Snapshots: {n}',
  'stop.confirm': 'Stop and delete',
  'stop.done': 'The restoration to {server} was stopped',
  'takeOver.title': 'Take {server} over by hand?',
  'takeOver.by': 'By',
  'takeOver.text': '{by} records the cameras of {server} ({n}) at once, whatever {server} does.',
  'takeOver.alive':
    '{server} is alive and records. Its cameras are then recorded twice, and each must let two servers in.',
  'takeOver.end': 'This ends only by Restore: {server} does not get its cameras back by itself.',
  'takeOver.confirm': 'Take over',
  'takeOver.done': '{by} stands in for {server}',
  handOver: 'Hand over …',
  'handOver.title': 'Hand the cameras of {server} over?',
  'handOver.text':
    'Before {server} is updated, restarted or switched off: the failover servers record its cameras first. Then it says here whether it is safe to stop it.',
  'handOver.end':
    'When {server} runs again it gets everything back by itself. If it is not stopped within ten minutes its cameras go back too.',
  'handOver.confirm': 'Hand over',
  'handOver.again': 'Try again',
  'handOver.busy': 'The failover servers begin to record; this takes some seconds.',
  'handOver.safe': 'Recorded by {by}: {server} is safe to stop until {time}.',
  'handOver.back':
    'If {server} is not to be stopped after all, give its cameras back by Restore; at {time} that happens by itself.',
  'handOver.unsafe': '{server} is not safe to stop: {n} of {all} streams are recorded by nobody else.',
  'takeHost.title': 'Take the role of the host from {host}?',
  'takeHost.heard':
    '{host} is still heard: by this server, or by another one. The role moves all the same if you type its name.',
  'takeHost.manages': '{own} manages the servers of the site from then on; they follow by themselves.',
  'takeHost.goesOn': 'Recording and covering notice nothing of it.',
  'takeHost.accounts':
    'The accounts of the site come along: sign in at {own} as you did at {host}. Owners of {own} stay it.',
  'takeHost.back': '{host} yields when it is back, and may have the role again.',
  'takeHost.confirm': 'Take the role',
  'takeHost.done': 'This server is the host of the site now',
  'clear.title': 'Use this server for something new?',
  'clear.text':
    'The cameras of {server} and their passwords are removed here, and all who protect or manage it forget it. Its footage stays.',
  'clear.confirm': 'Remove and set up anew',
  'clear.done': 'This server can be set up anew',
} as const;
