-- Has other_of compiled and its expressions planned, by a document that makes it go all its usual way; 20_history would wait for that.
select other_of('{
  "date_created": "2024-01-02T03:04:05.000001+00:00", "lead_suggestions_updated_at": "2024-01-02T03:04:05.000002+00:00",
  "smtp": {"date_updated": "2024-01-02T03:04:05.000003+00:00"}, "imap": {"date_updated": "2024-01-02T03:04:05.000004+00:00"},
  "identities": [{"email": "a", "name": "b"}], "available_calendars": [{"id": "c"}], "receive_attempts_count": 0
}');
