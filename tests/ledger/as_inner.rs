//! A CRM of a test that leaves part of its work to the one inside: `as_inner!(describe find read delete);`

/// The named methods of [`offhook::crm::Crm`], each as `self.inner` does it.
macro_rules! as_inner {
    ($($method:ident)*) => { $(as_inner!(@$method);)* };
    (@describe) => {
        fn describe<'a>(&'a self) -> BoxFuture<'a, Result<Schema, CrmError>> {
            self.inner.describe()
        }
    };
    (@find) => {
        fn find<'a>(&'a self, b: &'a str, o: Object, by: Lookup<'a>) -> BoxFuture<'a, Result<Vec<Record>, CrmError>> {
            self.inner.find(b, o, by)
        }
    };
    (@read) => {
        fn read<'a>(&'a self, b: &'a str, o: Object, id: &'a str) -> BoxFuture<'a, Result<Option<Record>, CrmError>> {
            self.inner.read(b, o, id)
        }
    };
    (@update) => {
        fn update<'a>(
            &'a self,
            b: &'a str,
            o: Object,
            id: &'a str,
            version: Option<&'a str>,
            fields: &'a Fields,
        ) -> BoxFuture<'a, Result<(), CrmError>> {
            self.inner.update(b, o, id, version, fields)
        }
    };
    (@delete) => {
        fn delete<'a>(&'a self, b: &'a str, o: Object, id: &'a str) -> BoxFuture<'a, Result<(), CrmError>> {
            self.inner.delete(b, o, id)
        }
    };
}

pub(crate) use as_inner;
