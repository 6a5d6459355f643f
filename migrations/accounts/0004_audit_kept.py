"""Where an entry of the audit log came from; and PostgreSQL lets nobody change or remove one."""

from django.db import migrations, models

# Of an entry only its actor goes, with their account. Entries go with their workspace, which is gone at the commit.
KEPT = """
CREATE FUNCTION accounts_audit_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.actor_id IS NULL AND (to_jsonb(NEW) - 'actor_id') = (to_jsonb(OLD) - 'actor_id') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only: entry % cannot be changed', OLD.id;
END
$$;
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON accounts_auditentry
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_unchanged();

CREATE FUNCTION accounts_audit_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM accounts_workspace WHERE id = OLD.workspace_id) THEN
        RAISE EXCEPTION 'the audit log is append-only: entry % cannot be removed', OLD.id;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER audit_kept AFTER DELETE ON accounts_auditentry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_kept();
"""
FREE = """
DROP TRIGGER audit_unchanged ON accounts_auditentry;
DROP TRIGGER audit_kept ON accounts_auditentry;
DROP FUNCTION accounts_audit_unchanged();
DROP FUNCTION accounts_audit_kept();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_machine_admin'),
    ]

    operations = [
        migrations.AddField(
            model_name='auditentry',
            name='address',
            field=models.CharField(blank=True, db_default='', default='', max_length=45),
        ),
        migrations.AddField(
            model_name='auditentry',
            name='user_agent',
            field=models.CharField(blank=True, db_default='', default='', max_length=200),
        ),
        migrations.RunSQL(KEPT, FREE),
    ]
