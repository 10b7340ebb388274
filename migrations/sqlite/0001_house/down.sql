DROP TABLE audit;
DROP TABLE sequence;
DROP TABLE setting;
