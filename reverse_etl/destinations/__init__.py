"""One module or package per kind of CRM; each implements `reverse_etl.crm.Crm`."""
