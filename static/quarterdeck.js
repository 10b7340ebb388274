// What pages do better with script.
